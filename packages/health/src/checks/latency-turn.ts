import { ENOUGH, type Evidence, isEnough, noEvidence, type Window, weigh } from './latency-evidence.ts';

/**
 * Whether a region is in rotation, as far as its latency is concerned. One that has left gets no requests, so that
 * nothing would ever show that it is well again: after a pause it comes back on trial. Each return that fails makes the
 * next pause longer.
 */
export type Turn =
  | { readonly is: 'in'; readonly evidence: Evidence; readonly strikes: number; readonly sinceMs: number }
  | { readonly is: 'out'; readonly evidence: Evidence; readonly strikes: number; readonly untilMs: number }
  | { readonly is: 'trial'; readonly evidence: Evidence; readonly strikes: number; readonly answers: number };

export interface TurnRules {
  /** The share of answers that may be slow. */
  readonly allowed: number;
  /** How many answers a trial takes. */
  readonly minSamples: number;
  readonly pauseMs: number;
  readonly maxPauseMs: number;
}

/** What a trial begins with: two slow windows end it, where three are needed of a region that was well. */
const SUSPECT = ENOUGH / 3;

export function firstTurn(nowMs: number): Turn {
  return { is: 'in', evidence: noEvidence(nowMs), strikes: 0, sinceMs: nowMs };
}

/** The pause after the departure with that number. */
function pauseOf(strikes: number, { pauseMs, maxPauseMs }: TurnRules): number {
  return Math.min(pauseMs * 2 ** (strikes - 1), maxPauseMs);
}

/** The turn after one more window. */
export function takeTurn(turn: Turn, window: Window, rules: TurnRules, nowMs: number): Turn {
  const { strikes } = turn;
  const evidence = weigh(turn.evidence, window, rules.allowed, nowMs);
  const isSlow = isEnough(evidence);
  const leave = (after: number): Turn => ({
    is: 'out',
    evidence: noEvidence(nowMs),
    strikes: after,
    untilMs: nowMs + pauseOf(after, rules),
  });
  switch (turn.is) {
    case 'in': {
      if (!isSlow) return { ...turn, evidence };
      // Well for longer than it had been away: this is another trouble.
      const isAnother = nowMs - turn.sinceMs > 2 * pauseOf(strikes, rules);
      return leave(isAnother ? 1 : strikes + 1);
    }
    case 'out':
      // What still comes here is slow: there is nothing to try.
      if (isSlow) return leave(strikes);
      if (nowMs < turn.untilMs) return { ...turn, evidence };
      return { is: 'trial', evidence: { sum: SUSPECT, atMs: nowMs }, strikes, answers: 0 };
    case 'trial': {
      if (isSlow) return leave(strikes + 1);
      const answers = turn.answers + window.total;
      if (answers >= rules.minSamples && evidence.sum <= SUSPECT)
        return { is: 'in', evidence, strikes, sinceMs: nowMs };
      return { ...turn, evidence, answers };
    }
  }
}
