import { AsyncLocalStorage } from 'node:async_hooks';

/** Time as an option, so that tests need not wait for it. */
export interface Clock {
  /** Monotonic milliseconds, as `performance.now()`. For every duration. */
  now(): number;
  /** Milliseconds since the epoch, as `Date.now()`. For what people and certificates call time. */
  wallMs(): number;
  /** Calls `run` once after `delayMs`, unless the returned function is called first. Never keeps the process alive. */
  schedule(run: () => void, delayMs: number): () => void;
}

/** The real clock. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallMs: () => Date.now(),
  schedule: (run, delayMs) => {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * A clock whose timers run in the asynchronous context in which it was made: one that a request has set must not keep the
 * request's context.
 */
export function inBackground(clock: Clock): Clock {
  const run = AsyncLocalStorage.snapshot();
  return {
    now: () => clock.now(),
    wallMs: () => clock.wallMs(),
    schedule: (work, delayMs) => run(() => clock.schedule(work, delayMs)),
  };
}

/** Tells that the process was suspended: what it knew before is stale until it is looked at again. */
export interface JumpDetector {
  /**
   * True once after either clock has stepped against the other, or after more than `maxGapMs` have passed since the
   * last call although a call was due at least that often. Costs two clock reads.
   */
  jumped(): boolean;
}

export interface JumpTolerance {
  /** How far the two clocks may drift apart between two looks (NTP slews by 0.5 ms a second). @default 1_000 */
  readonly toleranceMs?: number;
  /** The longest time that may pass between two looks; Infinity if looks come at no rhythm. @default Infinity */
  readonly maxGapMs?: number;
}

export function createJumpDetector(
  clock: Clock,
  { toleranceMs = 1_000, maxGapMs = Number.POSITIVE_INFINITY }: JumpTolerance = {},
): JumpDetector {
  let mono = clock.now();
  let wall = clock.wallMs();
  return {
    jumped: () => {
      const monoNow = clock.now();
      const wallNow = clock.wallMs();
      const gap = monoNow - mono;
      const jumped = Math.abs(wallNow - wall - gap) > toleranceMs || gap > maxGapMs;
      mono = monoNow;
      wall = wallNow;
      return jumped;
    },
  };
}
