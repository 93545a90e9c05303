import type { RegionQuestion } from './question.ts';

/** Accepts a signed question only once, and only while it is recent. */
export interface AskedOnce {
  /** Returns why the question must not be answered; undefined if it may. An accepted question counts as used. */
  refusal(question: RegionQuestion, nowMs: number): 'clock-skew' | 'replayed' | undefined;
}

/** The largest difference between the time of a question and this clock, in both directions. */
export const MAX_AGE_MS = 30_000;
/**
 * More than the processes of a large region send in that time. Above it older questions are refused without a check.
 */
export const MAX_NONCES = 16_384;

interface Asked {
  /** The time of each nonce, in order of arrival. */
  readonly nonces: Map<string, number>;
  /** A question from this time or earlier counts as a replay, because its nonce is forgotten. */
  floorMs: number;
}

/**
 * Keeps the nonces of each region of the map for as long as a question with them would be recent. All other names share
 * one memory, so that invented names cannot make it grow.
 */
export function createAskedOnce(regions: readonly string[]): AskedOnce {
  const known = new Map<string, Asked>(regions.map((name) => [name, nothing()]));
  const others = nothing();
  let latestMs = Number.NEGATIVE_INFINITY;

  return {
    refusal: ({ from, atMs, nonce }, nowMs) => {
      // This clock was set back. Otherwise it would refuse every question until it reaches the old time again.
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
