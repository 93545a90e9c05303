import { AsyncLocalStorage } from 'node:async_hooks';

/** The clock as an option, so that tests need not wait. */
export interface Clock {
  /** Monotonic milliseconds, as `performance.now()`. Use it for every duration. */
  now(): number;
  /** Milliseconds since 1970, as `Date.now()`. Use it for calendar time, such as the times in tokens. */
  wallMs(): number;
  /** Calls `run` once after `delayMs`, unless the returned function is called first. Never keeps the process alive. */
  schedule(run: () => void, delayMs: number): () => void;
}

/**
 * Taken when the module loads: a test of an app that fakes its timers later talks to a real server, whose answers need real
 * time. A faked `performance.now()` also runs backwards when the test ends. `Date` stays the app's: tokens expire by it.
 */
const { clearTimeout, setTimeout } = globalThis;
const now = performance.now.bind(performance);

/** The clock of the system. */
export const systemClock: Clock = {
  now: () => now(),
  wallMs: () => Date.now(),
  schedule: (run, delayMs) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * A clock whose timers run in the asynchronous context of this call. A timer that is set during a request then does not
 * keep the request's context in memory.
 */
export function inBackground(clock: Clock): Clock {
  const run = AsyncLocalStorage.snapshot();
  return {
    now: () => clock.now(),
    wallMs: () => clock.wallMs(),
    schedule: (work, delayMs) => run(() => clock.schedule(work, delayMs)),
  };
}

/** Detects that the process was suspended. What it knew before is stale until it is checked again. */
export interface JumpDetector {
  /**
   * Returns true once after the two clocks have moved differently, or after more than `maxGapMs` since the last call
   * although calls are due more often. Costs two clock reads, unless the caller has read both clocks.
   */
  jumped(now?: number, wallMs?: number): boolean;
}

export interface JumpTolerance {
  /** How far the two clocks may drift apart between two calls (NTP slews by 0.5 ms a second). @default 1_000 */
  readonly toleranceMs?: number;
  /** The longest allowed time between two calls, in milliseconds. Infinity: calls have no rhythm. @default Infinity */
  readonly maxGapMs?: number;
}

export function createJumpDetector(
  clock: Clock,
  { toleranceMs = 1_000, maxGapMs = Number.POSITIVE_INFINITY }: JumpTolerance = {},
): JumpDetector {
  let mono = clock.now();
  let wall = clock.wallMs();
  return {
    jumped: (monoNow = clock.now(), wallNow = clock.wallMs()) => {
      const gap = monoNow - mono;
      const jumped = Math.abs(wallNow - wall - gap) > toleranceMs || gap > maxGapMs;
      mono = monoNow;
      wall = wallNow;
      return jumped;
    },
  };
}
