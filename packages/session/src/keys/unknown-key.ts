import type { Clock } from '@regionkit/core/kit';
import { within } from '../within.ts';

/**
 * What happened after a token named an unknown key: a refresh has started; the token waits for a running refresh; the
 * last refresh was too recent; or the source cannot be refreshed.
 */
export type UnknownKeyRefresh = 'started' | 'joined' | 'cooling-down' | 'impossible';

export interface UnknownKeyOptions {
  readonly clock: Clock;
  /** The shortest time from one refresh to the next. */
  readonly cooldownMs: number;
  /** The longest time that a token waits. */
  readonly waitMs: number;
  onUnknownKey(refresh: UnknownKeyRefresh): void;
}

/** Limits how much load tokens with unknown keys can put on the source of the keys and on our memory. */
export interface UnknownKeys {
  /** Asks for newer keys, unless the last refresh was less than `cooldownMs` ago, and waits for them a short time. */
  ask(run: (() => Promise<unknown>) | undefined): Promise<void>;
  /** Records that the source has answered with its keys. */
  answer(): void;
  /** Whether the source has answered since the last refresh. Only then is a missing key certainly unknown. */
  readonly answered: boolean;
  /** Waits for `work` a short time, unless too many callers wait. */
  wait(work: Promise<unknown>): Promise<void>;
}

const MAX_WAITING = 1_000;

export function createUnknownKeys({ clock, cooldownMs, waitMs, onUnknownKey }: UnknownKeyOptions): UnknownKeys {
  let askedAt = Number.NEGATIVE_INFINITY;
  let answered = true;
  let asking: Promise<void> | undefined;
  let waiting = 0;

  const join = async (work: Promise<unknown>): Promise<void> => {
    if (waiting >= MAX_WAITING) return;
    waiting += 1;
    await work;
    waiting -= 1;
  };

  return {
    ask: async (run) => {
      if (asking !== undefined) onUnknownKey('joined');
      else if (run === undefined) return onUnknownKey('impossible');
      else if (clock.now() - askedAt < cooldownMs) return onUnknownKey('cooling-down');
      else {
        askedAt = clock.now();
        answered = false;
        onUnknownKey('started');
        asking = within(run(), waitMs, clock).then(() => {
          asking = undefined;
        });
      }
      await join(asking);
    },
    answer: () => {
      answered = true;
    },
    get answered() {
      return answered;
    },
    wait: (work) => join(within(work, waitMs, clock)),
  };
}
