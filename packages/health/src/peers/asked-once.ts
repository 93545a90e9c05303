import type { RegionQuestion } from './question.ts';

/** Lets a signed question pass once, and only while it is young. */
export interface AskedOnce {
  /** Why the question must not be answered, if so. One that is admitted counts as asked. */
  refusal(question: RegionQuestion, nowMs: number): 'clock-skew' | 'replayed' | undefined;
}

/** How old a question may be, and how far in the future: the two clocks may differ by as much. */
export const MAX_AGE_MS = 30_000;
/** More than the processes of a large region ask in that time. Beyond it, older questions are refused unseen. */
export const MAX_NONCES = 16_384;

interface Asked {
  /** By nonce, when it was asked; in the order in which they came. */
  readonly nonces: Map<string, number>;
  /** Everything that was asked before, or then, counts as a replay: its nonce is forgotten. */
  floorMs: number;
}

/**
 * Remembers the nonces of each region of the map for as long as a question with them would pass by its age. All other
 * names share one memory, so that no name of a question makes it grow.
 */
export function createAskedOnce(regions: readonly string[]): AskedOnce {
  const known = new Map<string, Asked>(regions.map((name) => [name, nothing()]));
  const others = nothing();
  let latestMs = Number.NEGATIVE_INFINITY;

  return {
    refusal: ({ from, atMs, nonce }, nowMs) => {
      // This clock was set back: what was asked by the old time would be refused until the new one reaches it.
      if (nowMs < latestMs - MAX_AGE_MS) for (const asked of [others, ...known.values()]) forgetAll(asked);
      latestMs = nowMs < latestMs - MAX_AGE_MS ? nowMs : Math.max(latestMs, nowMs);
      if (Math.abs(nowMs - atMs) > MAX_AGE_MS) return 'clock-skew';
      const asked = known.get(from) ?? others;
      if (asked.nonces.has(nonce) || atMs <= asked.floorMs) return 'replayed';
      for (const [oldest, askedAtMs] of asked.nonces) {
        if (asked.nonces.size < MAX_NONCES && nowMs - askedAtMs <= MAX_AGE_MS) break;
        asked.nonces.delete(oldest);
        asked.floorMs = Math.max(asked.floorMs, askedAtMs);
      }
      asked.nonces.set(nonce, atMs);
      return undefined;
    },
  };
}

function nothing(): Asked {
  return { nonces: new Map(), floorMs: Number.NEGATIVE_INFINITY };
}

function forgetAll(asked: Asked): void {
  asked.nonces.clear();
  asked.floorMs = Number.NEGATIVE_INFINITY;
}
