import { AsyncLocalStorage } from 'node:async_hooks';
import { type Clock, systemClock } from './clock.ts';
import { guardRandom } from './random.ts';

export interface PollerOptions {
  /** One round of work. Rounds never overlap. Its errors are ignored, so it must report them itself. */
  run(): void | Promise<void>;
  /**
   * Milliseconds from the end of a round to the start of the next. Called after each round, so that the pace can
   * change. If it throws, the wait is one second.
   */
  everyMs(): number;
  /** The share by which each wait varies at random, so that processes do not run in step. @default 0.1 */
  readonly jitter?: number;
  readonly clock?: Clock;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/**
 * Repeats work in the background. Rounds never overlap, waits vary by the jitter, and it does not keep the process
 * alive.
 */
export interface Poller {
  /** Starts a round at once. If one is under way, another starts after it. */
  wake(): void;
  /**
   * Resolves when the current round has ended, and also the one that was due after it at the time of the call. That is
   * at most two rounds.
   */
  settled(): Promise<void>;
  /** Starts no further round. The current one ends by itself. */
  close(): void;
}

const WAIT_MS = 1_000;

/** Starts the first round at once. */
export function createPoller(options: PollerOptions): Poller {
  const { clock = systemClock, jitter = 0.1 } = options;
  const random = guardRandom(options.random ?? Math.random);
  // A request may wake the poller. The later rounds must not keep the context of that request in memory.
  const outside = AsyncLocalStorage.snapshot();
  let cancel: (() => void) | undefined;
  let round: Promise<void> | undefined;
  let again = false;
  let closed = false;

  const begin = (): void => {
    cancel = undefined;
    round = (async () => options.run())()
      .catch(() => {})
      .then(() => {
        round = undefined;
        if (closed) return;
        if (again) {
          again = false;
          begin();
        } else {
          cancel = clock.schedule(begin, waitMs() * (1 + jitter * (2 * random() - 1)));
        }
      });
  };
  const waitMs = (): number => {
    try {
      return options.everyMs();
    } catch {
      return WAIT_MS;
    }
  };
  begin();

  return {
    wake: () => {
      if (closed) return;
      if (round !== undefined) again = true;
      else {
        cancel?.();
        outside(begin);
      }
    },
    settled: async () => {
      // Do not wait until no round is due: a caller may wake the poller in every round.
      const isDue = again;
      await round;
      if (isDue) await round;
    },
    close: () => {
      closed = true;
      cancel?.();
    },
  };
}
