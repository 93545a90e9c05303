import type { CheckStatus } from '../checks/check.ts';

/** How many results in a row change the status. */
export interface Hysteresis {
  readonly failAfter: number;
  readonly passAfter: number;
}

/** A result that judges. */
export type Judgement = Exclude<CheckStatus, 'unknown'>;

/** The status of a check, how many results in a row contradict it, and whether it has ever passed or warned. */
export type History =
  | { readonly settled: 'unknown' }
  | { readonly settled: Judgement; readonly against: number; readonly onceGood: boolean };

export const unheard: History = { settled: 'unknown' };

/**
 * The history after one more result. The first result decides at once. So does the first one that is not a failure: a
 * check that has only failed since the start is not recovering, but starting. Between `pass` and `warn` there is no
 * delay.
 */
export function settle(history: History, latest: Judgement, { failAfter, passAfter }: Hysteresis): History {
  const good = latest !== 'fail';
  if (history.settled === 'unknown') return { settled: latest, against: 0, onceGood: good };
  const failed = history.settled === 'fail';
  const onceGood = history.onceGood || good;
  if (failed !== good) return { settled: latest, against: 0, onceGood };
  const against = history.against + 1;
  const needed = failed ? (history.onceGood ? passAfter : 1) : failAfter;
  return against >= needed ? { settled: latest, against: 0, onceGood } : { ...history, against };
}
