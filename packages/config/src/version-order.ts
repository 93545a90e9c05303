/** A version as a region told it. */
export interface Told {
  readonly version: string | undefined;
  readonly createdAt: number | undefined;
  /** Tells two values apart without showing either. */
  readonly digest: string;
  readonly region: string;
}

/** An older version that a region goes on telling. */
export interface Held {
  readonly told: Told;
  readonly sinceMs: number;
  readonly times: number;
}

export interface OrderState {
  readonly current: Told | undefined;
  /** The regions that have told the current version themselves. */
  readonly tellers: ReadonlySet<string>;
  readonly held: Held | undefined;
}

export type Verdict = { readonly take: 'same' | 'replace' } | { readonly take: 'hold'; readonly held: Held };

/**
 * Whether what a region tells replaces what is known.
 *
 * - A newer version always does.
 * - An older one comes from a replica that lags, so it is held back; unless the region takes back what it had told
 *   itself (a rollback), which it must say twice in a row since one region's answers may flap; or unless the first
 *   region has said nothing else for longer than any replica lags.
 * - Versions that cannot be ordered are taken from the first region, or from the one the current value came from.
 */
export function judge(
  { current, tellers, held }: OrderState,
  told: Told,
  { nowMs, firstRegion, maxLagMs }: { readonly nowMs: number; readonly firstRegion: string; readonly maxLagMs: number },
): Verdict {
  if (current === undefined) return { take: 'replace' };
  if (isSame(current, told)) return { take: 'same' };
  const ordered =
    current.createdAt !== undefined && told.createdAt !== undefined && told.createdAt !== current.createdAt;
  const first = told.region === firstRegion;
  if (ordered && (told.createdAt as number) > (current.createdAt as number)) return { take: 'replace' };
  if (!ordered && (first || told.region === current.region)) return { take: 'replace' };
  const again = held !== undefined && held.told.region === told.region && isSame(held.told, told);
  const next: Held = again ? { ...held, times: held.times + 1 } : { told, sinceMs: nowMs, times: 1 };
  const rolledBack = ordered && tellers.has(told.region) && next.times >= 2;
  const settled = first && nowMs - next.sinceMs >= maxLagMs;
  return rolledBack || settled ? { take: 'replace' } : { take: 'hold', held: next };
}

function isSame(left: Told, right: Told): boolean {
  return left.version === right.version && left.digest === right.digest;
}
