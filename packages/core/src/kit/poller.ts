import { AsyncLocalStorage } from 'node:async_hooks';
import { type Clock, systemClock } from './clock.ts';
import { guardRandom } from './random.ts';

export interface PollerOptions {
  /** One round of work. Rounds never overlap; what one throws is dropped, so it must report its own failures. */
  run(): void | Promise<void>;
  /**
   * How long to wait after a round has ended before the next begins: asked anew each time, so that it can quicken. If it
   * throws, the wait is a second.
   */
  everyMs(): number;
  /** The share by which each wait is spread, so that processes do not march in step. @default 0.1 */
  readonly jitter?: number;
  readonly clock?: Clock;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

/** Work repeated in the background: never two rounds at once, spread by jitter, no process kept alive by it. */
export interface Poller {
  /** Begins a round at once; if one is under way, another begins when it has ended. */
  wake(): void;
  /** The round under way has ended, and the one that was due after it at the time of the call: two at most. */
  settled(): Promise<void>;
  /** No further round begins. The one under way ends by itself. */
  close(): void;
}

const WAIT_MS = 1_000;

/** Starts at once with the first round. */
export function createPoller(options: PollerOptions): Poller {
  const { clock = systemClock, jitter = 0.1 } = options;
  const random = guardRandom(options.random ?? Math.random);
  // A request may wake it, and its context must not be kept by every round from then on.
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
      // Not until nothing is due: somebody may wake it in every round.
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
