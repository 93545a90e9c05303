import { isGood } from './clocks.ts';
import type { Sample } from './sample.ts';

/** So many good reads and so many good writes of every place are the least that proves anything. */
const ENOUGH = 3;

/**
 * Since when nothing has gone wrong, on `performance.now()`; at least `fromMs`. Pure. A read that missed a row counts as
 * answered: only the end shows whether the row is lost.
 */
export function quietSince(samples: readonly Sample[], fromMs: number): number {
  const bad = samples.filter((sample) => !isGood(sample) && sample.outcome !== 'missed');
  return Math.max(fromMs, ...bad.map(({ endedAtMs }) => endedAtMs));
}

/** The places, with the kind of request, that have too few good samples in a stretch of time. Pure. */
export function tooFew(
  samples: readonly Sample[],
  places: readonly string[],
  { fromMs, untilMs = Number.POSITIVE_INFINITY }: { readonly fromMs: number; readonly untilMs?: number },
  lost?: ReadonlySet<string>,
): readonly string[] {
  return places.flatMap((place) =>
    (['read', 'write'] as const).flatMap((kind) => {
      const good = samples.filter(
        (sample) =>
          sample.place === place &&
          sample.kind === kind &&
          sample.dueAtMs >= fromMs &&
          sample.endedAtMs <= untilMs &&
          isGood(sample, lost),
      );
      return good.length >= ENOUGH ? [] : [`${good.length} good ${kind}s from ${place}`];
    }),
  );
}
