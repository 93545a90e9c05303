import { type Clock, createJumpDetector } from '@regionkit/core/kit';

/** Tells a process that was suspended so: by a beat that did not come, or by clocks that disagree. */
export interface Wakefulness {
  /** True once after a suspension. Two clock reads: cheap enough for every write. */
  wasSuspended(): boolean;
  close(): void;
}

const BEAT_MS = 500;
const MAX_GAP_MS = 2_000;

export function createWakefulness(clock: Clock, onBeat: () => void): Wakefulness {
  const detector = createJumpDetector(clock, { maxGapMs: MAX_GAP_MS });
  let cancel: () => void = () => {};
  const beat = (): void => {
    cancel = clock.schedule(beat, BEAT_MS);
    onBeat();
  };
  cancel = clock.schedule(beat, BEAT_MS);
  return { wasSuspended: () => detector.jumped(), close: () => cancel() };
}
