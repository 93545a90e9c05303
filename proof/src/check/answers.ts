import type { FaultEntry, OperationEntry } from '../history/entries.ts';
import { isRead } from '../history/kinds.ts';
import { REGIONS, type Region } from '../regions.ts';
import { type FaultKind, restarts } from '../schedule/fault.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/** Every request is answered, every refusal says what became of it, and its word holds. */
export function checkAnswers(history: History): readonly Violation[] {
  return [
    ...history.operations.flatMap((operation) => judge(history, operation)),
    ...history.exits.map(
      ({ region, why }): Violation => ({
        rule: 'app-ended',
        operations: [],
        says: `the app of ${region} ended: ${why}`,
      }),
    ),
    ...checkRecovery(history),
    ...checkLastReads(history),
  ];
}

function judge(history: History, operation: OperationEntry): readonly Violation[] {
  const { id, outcome, status, code = '', failure, redirects = [] } = operation;
  const operations = [id];
  const violations: Violation[] = [];
  if (outcome === 'none') {
    const says = `was answered ${status} ${code}, which does not say what became of it`;
    violations.push({ rule: 'error-without-outcome', operations, says });
  }
  if (status === 0 && failure !== 'left' && !wasDisturbed(history.faults, operation)) {
    const says = `got no answer (${failure}) from the app of ${operation.region}, to which nothing had been done that excuses it`;
    violations.push({ rule: 'no-answer', operations, says });
  }
  const [row] = history.rowsOf(id);
  if (row !== undefined && (outcome === 'not-sent' || outcome === 'rolled-back' || outcome === 'rejected')) {
    const says = `was answered ${status} ${code}, ${outcome}, and is in the data of ${row.from} on timeline ${row.timeline}`;
    violations.push({ rule: 'happened-against-word', operations, says });
  }
  if (status >= 300 && status < 400) {
    const says = `was answered ${status}, and not to a region: ${redirects.join(', ') || 'at once'}`;
    violations.push({ rule: 'redirect-astray', operations, says });
  }
  if (redirects.length > 1) {
    const says = `was redirected ${redirects.length} times: ${redirects.join(', ')}`;
    violations.push({ rule: 'redirect-loop', operations, says });
  }
  return violations;
}

/** A client waits for 15 s, and the slowest answer takes some 12: an app that was stopped for less than this was not late by it. */
const LATE_MS = 2_000;

/** An app that was killed owes no answer, nor one that was stopped for long; nor one that a redirect led to. */
function wasDisturbed(
  faults: readonly FaultEntry[],
  { region, redirects = [], startMs, endMs, failure }: OperationEntry,
): boolean {
  return [region, ...redirects].some((at) => {
    const shares = absencesOf(faults, at)
      .map(([since, until]) => Math.min(endMs, until) - Math.max(startMs, since))
      .filter((ms) => ms >= 0);
    const outMs = shares.reduce((sum, ms) => sum + ms, 0);
    return failure === 'timeout' ? outMs >= LATE_MS : shares.length > 0;
  });
}

const GOING: readonly FaultKind[] = ['stop-app', 'kill-app', 'end-apps'];
const COMING: readonly FaultKind[] = ['continue-app', 'start-app', 'start-apps'];

/** From when until when the app of a region was stopped or dead. */
function absencesOf(faults: readonly FaultEntry[], at: Region): readonly (readonly [since: number, until: number])[] {
  const absences: (readonly [number, number])[] = [];
  let since: number | undefined;
  for (const { fault, startMs, endMs } of faults) {
    if (restarts(fault, at)) absences.push([startMs, endMs]);
    if (!('region' in fault) || fault.region !== at) continue;
    if (GOING.includes(fault.kind)) since ??= startMs;
    if (!COMING.includes(fault.kind)) continue;
    if (since !== undefined) absences.push([since, endMs]);
    since = undefined;
  }
  if (since !== undefined) absences.push([since, Number.POSITIVE_INFINITY]);
  return absences;
}

/** Once the world is whole again every region reads and writes; where writes are rejected, it says where to go. */
function checkRecovery({ operations, run, end }: History): readonly Violation[] {
  const finals = operations.filter(({ final }) => final);
  const isWell = ({ kind, region, outcome, hint }: OperationEntry): boolean => {
    const rejects = kind === 'append' && run.deployment.writes === 'reject' && region !== end.primary;
    return rejects ? outcome === 'not-sent' && hint === end.primary : outcome === 'ok';
  };
  return REGIONS.flatMap((region) =>
    (['append', 'list'] as const).flatMap((kind): Violation[] => {
      const tries = finals.filter((operation) => operation.kind === kind && operation.region === region);
      const last = tries.at(-1);
      if (tries.some(isWell)) return [];
      const what = last === undefined ? 'was not tried' : `ended ${last.status} ${last.code ?? last.failure ?? ''}`;
      return [
        {
          rule: 'not-recovered',
          operations: last === undefined ? [] : [last.id],
          says: `after all was repaired, ${kind} in ${region} ${what} in ${tries.length} tries`,
        },
      ];
    }),
  );
}

/**
 * And every client reads, in every region, what it ever wrote to: a read that is refused shows nothing to judge. Only an app
 * that reaches no other region's database may send it there.
 */
function checkLastReads({ operations, run }: History): readonly Violation[] {
  const ways = new Map<string, OperationEntry>();
  for (const read of operations) {
    if (read.final !== true || !isRead(read.kind)) continue;
    const way = `${read.client} ${read.key} ${read.region}`;
    if (ways.get(way)?.outcome !== 'ok') ways.set(way, read);
  }
  return [...ways.values()].flatMap(
    ({ id, client, key, region, outcome, status, hint, code, failure }): Violation[] => {
      const isSentOn = run.deployment.pools === 'local' && outcome === 'not-sent' && hint !== undefined;
      if (outcome === 'ok' || isSentOn) return [];
      const says = `after all was repaired, ${client} could not read ${key} in ${region}: ${status} ${code ?? failure ?? ''}`;
      return [{ rule: 'not-recovered', operations: [id], says }];
    },
  );
}
