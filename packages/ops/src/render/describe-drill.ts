import { seconds } from '../options/text.ts';
import type { DrillEnd, DrillPhase, DrillStart, DrillTrend } from '../records/record.ts';
import { plain } from './plain.ts';

/** Losses and phases may be short. */
const duration = (ms: number): string => (ms < 1_000 ? `${Math.round(ms)} ms` : seconds(ms));

/** What a drill is, and what it must reach. */
export function describeStart({
  scenario,
  mode,
  seed,
  objectiveMs,
  rpoMs,
  summary,
  id,
}: DrillStart): readonly string[] {
  const how = mode === 'local' ? `seed ${seed}` : mode;
  return [
    `${scenario}  ${how}, objective ${seconds(objectiveMs)}, lost writes of at most ${seconds(rpoMs)}`,
    summary,
    `Journal ${id}.`,
  ];
}

export const describePhase = ({ name, sinceMs, tookMs }: DrillPhase): string =>
  `${name.padEnd(7)}  ${duration(sinceMs)} after the fault  (+${duration(tookMs)})`;

/** The result first, then the times, then the counts. */
export function describeEnd(end: DrillEnd): readonly string[] {
  const { scenario, why, readMs, writeMs, goodMs, objectiveMs, rpoMs, lostWrites, lossMs } = end;
  const time = (ms: number | undefined): string => (ms === undefined ? 'never' : duration(ms));
  const lost =
    lostWrites === undefined
      ? 'lost writes are not known'
      : lostWrites === 0
        ? 'none lost'
        : `${lostWrites} lost, of ${duration(lossMs ?? 0)} (objective ${seconds(rpoMs)})`;
  return [
    `${scenario}  ${goodMs === undefined ? 'not good again' : `good again after ${duration(goodMs)}`} (objective ${seconds(objectiveMs)}), ${lost}`,
    ...why,
    `First reads everywhere ${time(readMs)}, first writes everywhere ${time(writeMs)} after the fault.`,
    `${end.writes} writes: ${end.acknowledged} acknowledged, ${end.refusedWrites} refused, ${end.unknownWrites} unknown. ` +
      `${end.reads} reads: ${end.failedReads} failed, ${end.wrongReads} wrong.`,
    ...(end.unsent === undefined
      ? []
      : [`${end.unsent} more requests were due and not sent: too many of their place had no answer yet.`]),
  ];
}

/** The scenario, then a line for each drill. */
export function describeTrend({ scenario, drills }: DrillTrend): readonly string[] {
  const words = { local: '', observe: '  observed', hooks: '  by hooks' } as const;
  const lines = drills.map(({ atMs, verdict, writeMs, goodMs, lossMs, objectiveMs, mode }) => {
    const at = new Date(atMs).toISOString().slice(0, 16).replace('T', ' ');
    const time = (ms: number | undefined): string => (ms === undefined ? 'never' : duration(ms)).padStart(6);
    const lost = lossMs === undefined ? '?' : duration(lossMs);
    return `${at}  ${verdict.padEnd(7)}  writes ${time(writeMs)}  good ${time(goodMs)} of ${duration(objectiveMs)}  lost ${lost}${words[mode]}`;
  });
  return [`${plain(scenario)}  ${drills.length} ${drills.length === 1 ? 'drill' : 'drills'}`, ...lines];
}
