import type { Clock } from '@regionkit/core/kit';
import { within } from '../within.ts';

/** What was done about a token of an unknown key: keys were asked for anew, or not so soon, or there is nobody to ask. */
export type UnknownKeyRefresh = 'started' | 'joined' | 'cooling-down' | 'impossible';

export interface UnknownKeyOptions {
  readonly clock: Clock;
  /** The least time from one ask to the next. */
  readonly cooldownMs: number;
  /** The longest a token waits. */
  readonly waitMs: number;
  onUnknownKey(refresh: UnknownKeyRefresh): void;
}

/** How much tokens that cannot be verified yet may ask of the source of the keys, and of our memory. */
export interface UnknownKeys {
  /** Asks for newer keys, unless somebody did lately, and waits for them a short time. */
  ask(run: (() => Promise<unknown>) | undefined): Promise<void>;
  /** The source has said what its keys are. */
  answer(): void;
  /** Whether the source has answered since it was last asked: only then is a key that it lacks certainly unknown. */
  readonly answered: boolean;
  /** Waits for `work` a short time, unless too many do. */
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
