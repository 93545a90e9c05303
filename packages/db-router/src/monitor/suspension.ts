import { type Clock, createJumpDetector } from '@regionkit/core/kit';

/** Tells that the process was suspended: a beat did not come in time, or two clocks disagree. */
export interface SuspensionDetector {
  /** True once after a suspension. Two clock reads: cheap enough for every write. */
  wasSuspended(): boolean;
  close(): void;
}

const BEAT_MS = 500;
const MAX_GAP_MS = 2_000;

export function createSuspensionDetector(clock: Clock, onBeat: () => void): SuspensionDetector {
  const detector = createJumpDetector(clock, { maxGapMs: MAX_GAP_MS });
  let cancel: () => void = () => {};
  const beat = (): void => {
    cancel = clock.schedule(beat, BEAT_MS);
    onBeat();
  };
  cancel = clock.schedule(beat, BEAT_MS);
  return { wasSuspended: () => detector.jumped(), close: () => cancel() };
}
