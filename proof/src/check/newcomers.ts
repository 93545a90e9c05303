import type { FaultEntry } from '../history/entries.ts';
import type { Region } from '../regions.ts';
import type { History } from './index-history.ts';
import { overlapsReset } from './resets.ts';
import type { Violation } from './violation.ts';

/**
 * A process that starts believes no primary that was failed over before, unless a process of its region that lived through it vouches: when all of them had ended
 * after a promotion was done, nothing is written below its timeline there any more. One that the file of the process before it
 * tells is as one that lived on.
 */
export function checkNewcomers(history: History): readonly Violation[] {
  const { faults, rows, run } = history;
  const promotions = faults.flatMap(({ promotions: made = [], endMs }) =>
    made.map(({ timeline }) => ({ timeline, endMs })),
  );
  const found = new Map<string, Violation>();
  for (const { app, timeline, operation } of rows) {
    const asked = history.byId.get(operation);
    if (asked === undefined || overlapsReset(history, asked)) continue;
    const [region = ''] = app.split('/');
    const began = beganAnew(faults, region as Region, asked.endMs, run.deployment.processes ?? 1);
    const newer = promotions.find((promotion) => promotion.timeline > timeline && promotion.endMs < began);
    if (newer === undefined || asked.startMs < began) continue;
    const says = `${app} wrote on timeline ${timeline}: no process of ${region} had lived since timeline ${newer.timeline} was made`;
    found.set(operation, { rule: 'newcomer-on-zombie', operations: [operation], says });
  }
  return [...found.values()];
}

/** When the processes of a region last began anew, before `atMs`. One process that is started again leaves the others. */
function beganAnew(faults: readonly FaultEntry[], region: Region, atMs: number, processes: number): number {
  const begins = faults.filter(
    ({ fault, result, startMs }) =>
      result === 'done' &&
      'region' in fault &&
      fault.region === region &&
      startMs < atMs &&
      (fault.kind === 'start-apps' || (processes === 1 && (fault.kind === 'start-app' || fault.kind === 'deploy'))),
  );
  return begins.at(-1)?.startMs ?? Number.NEGATIVE_INFINITY;
}
