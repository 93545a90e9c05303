import type { Sample } from './sample.ts';

/** Milliseconds from the fault. Undefined: it did not happen. */
export interface Clocks {
  /** Until clients of every place had read well. */
  readonly readMs: number | undefined;
  /** Until clients of every place had written well. */
  readonly writeMs: number | undefined;
  /** Until everything was good again: the last request that went wrong had ended. */
  readonly goodMs: number | undefined;
}

export interface Fault {
  readonly atMs: number;
  /** A request that was due before this may have been served before the fault, and proves nothing. */
  readonly inEffectAtMs: number;
}

const NOTHING: ReadonlySet<string> = new Set();

/** A lost write is not good, and a read that does not see a lost write is not bad. */
export function isGood({ kind, outcome, id = '' }: Sample, lost: ReadonlySet<string> = NOTHING): boolean {
  if (kind === 'write') return outcome === 'ok' && !lost.has(id);
  return outcome === 'ok' || (outcome === 'missed' && lost.has(id));
}

/** Pure. */
export function clocksOf(
  samples: readonly Sample[],
  places: readonly string[],
  { atMs, inEffectAtMs }: Fault,
  lost: ReadonlySet<string> = NOTHING,
): Clocks {
  const first = (kind: Sample['kind'], place: string): number => {
    const good = samples.filter(
      (sample) =>
        sample.kind === kind && sample.place === place && sample.dueAtMs >= inEffectAtMs && isGood(sample, lost),
    );
    return Math.min(...good.map(({ endedAtMs }) => endedAtMs)) - atMs;
  };
  const everywhere = (kind: Sample['kind']): number | undefined => {
    const slowest = Math.max(...places.map((place) => first(kind, place)));
    return Number.isFinite(slowest) ? slowest : undefined;
  };
  const readMs = everywhere('read');
  const writeMs = everywhere('write');
  const bad = samples.filter((sample) => sample.endedAtMs >= atMs && !isGood(sample, lost));
  const goodMs =
    readMs === undefined || writeMs === undefined
      ? undefined
      : Math.max(readMs, writeMs, ...bad.map(({ endedAtMs }) => endedAtMs - atMs));
  return { readMs, writeMs, goodMs };
}
