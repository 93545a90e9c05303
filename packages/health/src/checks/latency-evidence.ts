/**
 * Evidence that more answers are slow than allowed, told from noise by a CUSUM test. Each slow answer is evidence that
 * twice the allowed share is slow; each fast one is evidence against it. Both are summed while they point to slow.
 */
export interface Evidence {
  /** The evidence so far: the logarithm of the odds, never below 0. */
  readonly sum: number;
  readonly atMs: number;
}

/** The number of answers in a window, and how many of them were slow. Windows do not overlap. */
export interface Window {
  readonly slow: number;
  readonly total: number;
}

/** A million to one. With an allowed share of 1 %, this takes at least 20 slow answers. */
export const ENOUGH: number = Math.log(1_000_000);

export function isEnough({ sum }: Evidence): boolean {
  return sum >= ENOUGH;
}

/**
 * One window gives little more than a third of it. So a stall that fills two windows is not enough, but three windows
 * are.
 */
const MOST_OF_A_WINDOW = 0.35 * ENOUGH;

/** Evidence fades. An answer from an hour ago says little about now. */
const FADES_IN_MS = 30 * 60_000;

export function noEvidence(nowMs: number): Evidence {
  return { sum: 0, atMs: nowMs };
}

/** The evidence after one more window. @param allowed the share of answers that may be slow, above 0 and below 1 */
export function weigh({ sum, atMs }: Evidence, { slow, total }: Window, allowed: number, nowMs: number): Evidence {
  const suspected = Math.min(2 * allowed, (1 + allowed) / 2);
  const forSlow = Math.log(suspected / allowed);
  const forQuick = Math.log((1 - suspected) / (1 - allowed));
  const news = slow * forSlow + (total - slow) * forQuick;
  const faded = sum * Math.exp((atMs - nowMs) / FADES_IN_MS);
  return { sum: Math.max(0, faded + Math.min(news, MOST_OF_A_WINDOW)), atMs: nowMs };
}
