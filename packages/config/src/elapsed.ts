import { type Clock, createJumpDetector } from '@regionkit/core/kit';

/** The time by which values age. It includes the time while the process was suspended. The monotonic clock may not. */
export interface Elapsed {
  /** Milliseconds. Never goes back. */
  now(): number;
  /** Reads both clocks. True if they have moved differently since the last call. */
  jumped(): boolean;
}

export function createElapsed(clock: Clock): Elapsed {
  const detector = createJumpDetector(clock);
  let mono = clock.now();
  let wall = clock.wallMs();
  let suspendedMs = 0;
  return {
    now: () => clock.now() + suspendedMs,
    jumped: () => {
      const jumped = detector.jumped();
      const monoNow = clock.now();
      const wallNow = clock.wallMs();
      // A wall clock that was set back says nothing about the time of the suspension.
      if (jumped) suspendedMs += Math.max(0, wallNow - wall - (monoNow - mono));
      mono = monoNow;
      wall = wallNow;
      return jumped;
    },
  };
}
