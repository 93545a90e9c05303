/** A version that a region answered with. */
export interface ReportedVersion {
  readonly version: string | undefined;
  readonly createdAt: number | undefined;
  /** Compares two values without showing them. */
  readonly digest: string;
  readonly region: string;
}

/** An older version that a region keeps answering with. */
export interface HeldVersion {
  readonly reported: ReportedVersion;
  readonly sinceMs: number;
  readonly times: number;
}

export interface OrderState {
  readonly current: ReportedVersion | undefined;
  /** The regions that have answered with the current version. */
  readonly reportedBy: ReadonlySet<string>;
  readonly held: HeldVersion | undefined;
}

export type Verdict = { readonly action: 'same' | 'replace' } | { readonly action: 'hold'; readonly held: HeldVersion };

/**
 * Decides whether the answer of a region replaces the current value.
 *
 * - A newer version always replaces it.
 * - An older version usually comes from a replica that lags, so it is not used at first. There are two exceptions. A region
 *   that had answered with the current version may return to the older one: a rollback. It must do so twice in a row,
 *   because the answers of one region may flap. And the first region may answer with it for longer than any replica
 *   lags.
 * - Versions without an order are accepted from the first region, or from the region of the current value.
 */
export function judge(
  { current, reportedBy, held }: OrderState,
  reported: ReportedVersion,
  { nowMs, firstRegion, maxLagMs }: { readonly nowMs: number; readonly firstRegion: string; readonly maxLagMs: number },
): Verdict {
  if (current === undefined) return { action: 'replace' };
  if (isSame(current, reported)) return { action: 'same' };
  const ordered =
    current.createdAt !== undefined && reported.createdAt !== undefined && reported.createdAt !== current.createdAt;
  const first = reported.region === firstRegion;
  if (ordered && (reported.createdAt as number) > (current.createdAt as number)) return { action: 'replace' };
  if (!ordered && (first || reported.region === current.region)) return { action: 'replace' };
  const again = held !== undefined && held.reported.region === reported.region && isSame(held.reported, reported);
  const next: HeldVersion = again ? { ...held, times: held.times + 1 } : { reported, sinceMs: nowMs, times: 1 };
  const rolledBack = ordered && reportedBy.has(reported.region) && next.times >= 2;
  const settled = first && nowMs - next.sinceMs >= maxLagMs;
  return rolledBack || settled ? { action: 'replace' } : { action: 'hold', held: next };
}

function isSame(left: ReportedVersion, right: ReportedVersion): boolean {
  return left.version === right.version && left.digest === right.digest;
}
