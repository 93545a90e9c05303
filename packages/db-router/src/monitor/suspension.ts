import { type Clock, createJumpDetector } from '@regionkit/core/kit';

/** Detects that the process was suspended: a timer was late, or the two clocks disagree. */
export interface SuspensionDetector {
  /** Returns true once after a suspension. Costs two clock reads, so every write can call it. */
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
