import { effectOf, indexHistory } from './check/index-history.ts';
import type { Violation } from './check/violation.ts';
import type { Entry, OperationEntry, OperationOutcome } from './history/entries.ts';
import { isRead, isWrite } from './history/kinds.ts';

/** A run in figures. */
export interface Summary {
  readonly seed: number;
  readonly profile: string;
  readonly deployment: string;
  readonly requests: number;
  readonly outcomes: Readonly<Partial<Record<OperationOutcome, number>>>;
  readonly writesAcknowledged: number;
  readonly readsAnswered: number;
  readonly faults: number;
  readonly refused: number;
  readonly failovers: number;
  readonly switchovers: number;
  /** Acknowledged and beyond the fork of a failover. */
  readonly lost: number;
  /** Writes with a key that got the answer of an earlier request, and keys that `salvage --ledger` told as lost. */
  readonly answeredAgain: number;
  readonly keysTold: number;
  /** Answers that said so. */
  readonly saidLost: number;
  /** Answers that said that it is unknown whether a write was lost. */
  readonly saidUnknown: number;
  readonly violations: Readonly<Record<string, number>>;
}

export function summarise(entries: readonly Entry[], violations: readonly Violation[]): Summary {
  const { run, operations, faults, survives, told: lists } = indexHistory(entries);
  const done = faults.filter(({ result }) => result === 'done');
  const acknowledged = operations.filter(({ kind, outcome }) => isWrite(kind) && outcome === 'ok');
  const { writes, pools, store, monotonicReads, endpoint, processes = 1, strays, readsHistory } = run.deployment;
  const told = (as: OperationEntry['announced']): number =>
    operations.filter(({ announced }) => announced === as).length;
  return {
    seed: run.seed,
    profile: run.profile,
    deployment: [
      writes,
      pools,
      ...(store ? ['store'] : []),
      ...(monotonicReads ? ['monotonic'] : []),
      ...(endpoint ? ['endpoint'] : []),
      ...(processes > 1 ? [`${processes} processes`] : []),
      ...(strays ? ['strays'] : []),
      ...(readsHistory ? ['history'] : []),
    ].join('+'),
    requests: operations.length,
    outcomes: count(operations.map(({ outcome }) => outcome)),
    writesAcknowledged: acknowledged.length,
    readsAnswered: operations.filter(({ kind, outcome }) => isRead(kind) && outcome === 'ok').length,
    faults: done.length,
    refused: faults.length - done.length,
    failovers: done.filter(({ fault }) => fault.kind === 'failover' || fault.kind === 'twins').length,
    switchovers: done.filter(({ fault }) => fault.kind === 'switchover').length,
    lost: acknowledged.filter((operation) => !survives(effectOf(operation))).length,
    answeredAgain: acknowledged.filter((operation) => effectOf(operation) !== operation.id).length,
    keysTold: lists.reduce((total, { keys = [] }) => total + keys.length, 0),
    saidLost: told('lost'),
    saidUnknown: told('unknown'),
    violations: count(violations.map(({ rule }) => rule)),
  };
}

export function summaryLine(summary: Summary): string {
  const { seed, profile, deployment, requests, outcomes, failovers, switchovers, faults, lost, saidLost, saidUnknown } =
    summary;
  const refused = Object.entries(outcomes)
    .filter(([outcome]) => outcome !== 'ok')
    .map(([outcome, times]) => `${times} ${outcome}`)
    .join(', ');
  const broken = Object.entries(summary.violations)
    .map(([rule, times]) => `${times} ${rule}`)
    .join(', ');
  return [
    `seed ${seed} (${profile}, ${deployment}): ${requests} requests, ${outcomes.ok ?? 0} ok${refused === '' ? '' : `, ${refused}`}`,
    `${faults} faults, ${failovers} failovers, ${switchovers} switchovers`,
    `${summary.writesAcknowledged} writes acknowledged, ${lost} lost beyond a fork, ${saidLost} notices of a loss, ${saidUnknown} of an unknown fate`,
    `${summary.answeredAgain} keys answered again, ${summary.keysTold} told as lost`,
    broken === '' ? 'every promise held' : `BROKEN: ${broken}`,
  ].join('; ');
}

export function holds({ violations }: Summary): boolean {
  return Object.keys(violations).length === 0;
}

/** @param failed how many seeds could not be run at all */
export function totalLine(summaries: readonly Summary[], failed: number): string {
  const sum = (of: (summary: Summary) => number): string =>
    summaries.reduce((total, summary) => total + of(summary), 0).toLocaleString('en-US');
  const held = summaries.filter(holds).length;
  return [
    `${summaries.length + failed} seeds: every promise held in ${held}, ${summaries.length - held} broke one, ${failed} could not be run`,
    `${sum(({ requests }) => requests)} requests, ${sum(({ writesAcknowledged }) => writesAcknowledged)} writes acknowledged, ${sum(({ readsAnswered }) => readsAnswered)} reads answered`,
    `${sum(({ faults }) => faults)} faults, ${sum(({ failovers }) => failovers)} failovers, ${sum(({ switchovers }) => switchovers)} switchovers`,
    `${sum(({ lost }) => lost)} lost beyond a fork, ${sum(({ saidLost }) => saidLost)} notices of a loss, ${sum(({ saidUnknown }) => saidUnknown)} of an unknown fate`,
  ].join('; ');
}

const SHOWN_PER_RULE = 3;

/** What a reader needs to look into a violation: the requests themselves. */
export function explain(entries: readonly Entry[], violations: readonly Violation[]): readonly string[] {
  const { byId, rowsOf } = indexHistory(entries);
  const shown = new Map<string, number>();
  return violations.flatMap(({ rule, operations, says }) => {
    const times = (shown.get(rule) ?? 0) + 1;
    shown.set(rule, times);
    if (times > SHOWN_PER_RULE) return [];
    return [
      `   ${rule} ${operations.join(', ')}: ${says}`,
      ...operations.flatMap((id) => [
        `      ${JSON.stringify(byId.get(id) ?? id)}`,
        ...rowsOf(id).map((row) => `      ${JSON.stringify(row)}`),
      ]),
    ];
  });
}

function count<T extends string>(list: readonly T[]): Partial<Record<T, number>> {
  const counts: Partial<Record<T, number>> = {};
  for (const item of list) counts[item] = (counts[item] ?? 0) + 1;
  return counts;
}
