import { ENOUGH, type Evidence, isEnough, noEvidence, type Window, weigh } from './latency-evidence.ts';

/**
 * Whether a region is in rotation by its latency. A region that has left gets no requests, so no answers could show its
 * recovery. After a pause it returns on trial. Each failed trial makes the next pause longer.
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

/** The evidence at the start of a trial: two slow windows end it, but a healthy region needs three. */
const SUSPECT = ENOUGH / 3;

export function firstTurn(nowMs: number): Turn {
  return { is: 'in', evidence: noEvidence(nowMs), strikes: 0, sinceMs: nowMs };
}

/** The pause after that many failed trials. */
function pauseOf(strikes: number, { pauseMs, maxPauseMs }: TurnRules): number {
  return Math.min(pauseMs * 2 ** (strikes - 1), maxPauseMs);
}

/** The state after one more window. */
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
      // It was healthy for longer than it had been away. This is a new problem.
      const isAnother = nowMs - turn.sinceMs > 2 * pauseOf(strikes, rules);
      return leave(isAnother ? 1 : strikes + 1);
    }
    case 'out':
      // The requests that still come here are slow. A trial makes no sense.
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
