import type { Sample } from './sample.ts';
import { exponent, type Spread, spread } from './statistics.ts';

/** Something of one size, ready to be measured. */
export interface Sized {
  measure(durationMs: number): Sample | Promise<Sample>;
  close?(): void | Promise<void>;
}

/** How the cost of something grows with its size. */
export interface Growth {
  readonly title: string;
  /** What grows: `regions`, `clients`. */
  readonly by: string;
  readonly sizes: readonly number[];
  /** The metric the plot shows, and others in the table. */
  readonly metrics: readonly string[];
  readonly lines: readonly { readonly name: string; prepare(size: number): Sized | Promise<Sized> }[];
  readonly notes?: readonly string[];
  /** @default 3 */
  readonly rounds?: number;
  /** @default 200 */
  readonly durationMs?: number;
}

export interface GrowthResult {
  readonly kind: 'growth';
  readonly title: string;
  readonly by: string;
  readonly metrics: readonly string[];
  readonly notes: readonly string[];
  readonly rounds: number;
  readonly lines: readonly {
    readonly name: string;
    readonly points: readonly {
      readonly size: number;
      readonly samples: readonly Sample[];
      readonly values: Readonly<Record<string, Spread>>;
    }[];
    /** Per metric: 0 for a cost that does not grow, 1 for one that doubles when the size does. */
    readonly exponents: Readonly<Record<string, number>>;
  }[];
  readonly bars: readonly never[];
}

/** At each size the lines are set up, warmed up, and take turns, each round beginning with another. */
export async function runGrowth(growth: Growth): Promise<GrowthResult> {
  const { title, by, sizes, metrics, lines, notes = [], rounds = 3, durationMs = 200 } = growth;
  const points = new Map<string, GrowthResult['lines'][number]['points'][number][]>(
    lines.map(({ name }) => [name, []]),
  );
  for (const size of sizes) {
    const sized: { name: string; it: Sized; samples: Sample[] }[] = [];
    for (const { name, prepare } of lines) sized.push({ name, it: await prepare(size), samples: [] });
    for (const { it } of sized) await it.measure(durationMs);
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < sized.length; turn += 1) {
        const { it, samples } = sized[(round + turn) % sized.length] as (typeof sized)[number];
        samples.push(await it.measure(durationMs));
      }
    }
    for (const { name, it, samples } of sized) {
      await it.close?.();
      const values = Object.fromEntries(
        metrics.map((metric) => [metric, spread(samples.map((sample) => sample[metric] ?? Number.NaN))]),
      );
      points.get(name)?.push({ size, samples, values });
    }
  }
  return {
    kind: 'growth',
    title,
    by,
    metrics,
    notes,
    rounds,
    lines: [...points].map(([name, taken]) => ({
      name,
      points: taken,
      exponents: Object.fromEntries(
        metrics.map((metric) => [
          metric,
          exponent(taken.map(({ size, values }) => [size, values[metric]?.median ?? Number.NaN])),
        ]),
      ),
    })),
    bars: [],
  };
}
