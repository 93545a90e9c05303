import type { Clock } from './clock.ts';

const SPACING_MS = 10_000;

/**
 * Returns a function that calls `refresh` at most once in 10 s and ignores its errors. For signatures that do not
 * verify: the other side may have a newer secret, but every client can send such a signature.
 */
export function rareRefresh(clock: Clock, refresh: () => Promise<void> | undefined): () => void {
  let refreshedAtMs = Number.NEGATIVE_INFINITY;
  return () => {
    const nowMs = clock.now();
    if (nowMs - refreshedAtMs < SPACING_MS) return;
    refreshedAtMs = nowMs;
    refresh()?.catch(() => {});
  };
}
