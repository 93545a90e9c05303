import { type Clock, createJumpDetector } from '@regionkit/core/kit';

/** Time as values age in it: it goes on while the process is suspended, which the monotonic clock need not. */
export interface Elapsed {
  /** Milliseconds, never going back. */
  now(): number;
  /** Looks at both clocks; true when they have jumped against each other since the last look. */
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
      // A wall clock that was set back says nothing about how long we slept.
      if (jumped) suspendedMs += Math.max(0, wallNow - wall - (monoNow - mono));
      mono = monoNow;
      wall = wallNow;
      return jumped;
    },
  };
}
