import { holds, type Summary } from '../summary.ts';
import type { Finding } from './finding.ts';
import { none } from './judge-samples.ts';

/** What clients saw in all rounds. */
export function judgeRounds(
  summaries: readonly Summary[],
  { failed, planned, missed }: { readonly failed: number; readonly planned: number; readonly missed: number },
): readonly Finding[] {
  const sum = (of: (summary: Summary) => number): number =>
    summaries.reduce((total, summary) => total + of(summary), 0);
  const broken = (...rules: readonly string[]): number =>
    sum(({ violations }) => rules.reduce((total, rule) => total + (violations[rule] ?? 0), 0));
  const refused = summaries.flatMap(({ outcomes }) => Object.entries(outcomes).filter(([outcome]) => outcome !== 'ok'));
  const byOutcome = new Map<string, number>();
  for (const [outcome, count] of refused) byOutcome.set(outcome, (byOutcome.get(outcome) ?? 0) + count);
  const switchovers = sum((summary) => summary.switchovers);
  const shown = (what: string, found: string | number): Finding => ({
    what,
    found: typeof found === 'number' ? found.toLocaleString('en-US') : found,
    bound: 'shown',
    holds: true,
  });
  return [
    shown(
      'requests',
      sum(({ requests }) => requests),
    ),
    shown('refused, by outcome', [...byOutcome].map(([outcome, count]) => `${count} ${outcome}`).join(', ') || 'none'),
    shown(
      'writes acknowledged',
      sum(({ writesAcknowledged }) => writesAcknowledged),
    ),
    shown(
      'reads answered',
      sum(({ readsAnswered }) => readsAnswered),
    ),
    {
      what: 'switchovers',
      found: `${switchovers} of ${planned}`,
      bound: 'at least 1',
      holds: switchovers > 0,
    },
    none(
      'acknowledged writes lost',
      sum(({ lost }) => lost),
    ),
    none('writes done twice', broken('duplicate')),
    none('own writes missing', broken('read-your-writes')),
    none('reads backwards', broken('monotonic-reads')),
    none('rounds that broke any promise', summaries.filter((summary) => !holds(summary)).length),
    none('rounds that could not be run', failed),
    none('samples an app did not give', missed),
  ];
}
