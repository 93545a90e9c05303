import type { Clock } from './clock.ts';

/** A smaller difference is drift, and not a step: a time that is shown must not flicker. */
const TOLERANCE_MS = 1_000;

/**
 * Notes a moment, by the monotonic clock. The returned function shows it in milliseconds since 1970, as the wall clock counts
 * at the time of the call. So the age of the moment stays right after the wall clock was set.
 *
 * @param agoMs how long ago the moment was
 */
export function noteMoment(clock: Clock, agoMs = 0): () => number {
  const atMs = clock.now() - agoMs;
  let shownMs = Math.round(clock.wallMs() - agoMs);
  return () => {
    const nowShownMs = Math.round(clock.wallMs() - (clock.now() - atMs));
    if (Math.abs(nowShownMs - shownMs) > TOLERANCE_MS) shownMs = nowShownMs;
    return shownMs;
  };
}
