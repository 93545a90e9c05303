import type { CheckStatus } from '../checks/check.ts';

/** How many results in a row change a mind. */
export interface Hysteresis {
  readonly failAfter: number;
  readonly passAfter: number;
}

/** What a check counts as, and how many results in a row have spoken against it. */
export type History = { readonly settled: 'unknown' } | { readonly settled: CheckStatus; readonly against: number };

export const unheard: History = { settled: 'unknown' };

/** What the history is after one more result. The first decides at once; between `pass` and `warn` there is no delay. */
export function settle(history: History, latest: CheckStatus, { failAfter, passAfter }: Hysteresis): History {
  if (history.settled === 'unknown') return { settled: latest, against: 0 };
  const failed = history.settled === 'fail';
  if (failed === (latest === 'fail')) return { settled: latest, against: 0 };
  const against = history.against + 1;
  return against >= (failed ? passAfter : failAfter) ? { settled: latest, against: 0 } : { ...history, against };
}
