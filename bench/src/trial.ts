import type { Sample } from './sample.ts';
import { type Spread, spread } from './statistics.ts';

/** One of those compared. */
export interface Contender {
  readonly name: string;
  /** Runs for about `durationMs` and says what it measured. */
  measure(durationMs: number): Sample | Promise<Sample>;
}

/** A bar to reach: the ratio of one contender's metric to another's, or a plain value. */
export interface Bar {
  readonly contender: string;
  readonly metric: string;
  /** The contender the ratio is taken against; without it the value itself is judged. */
  readonly against?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Trial {
  readonly title: string;
  readonly contenders: readonly Contender[];
  /** The contender all ratios of the table are taken against. */
  readonly baseline: string;
  /** The metric the table is about, and others shown beside it. */
  readonly metrics: readonly string[];
  readonly bars?: readonly Bar[];
  /** @default 7 */
  readonly rounds?: number;
  /** @default 400 */
  readonly durationMs?: number;
}

export interface TrialResult {
  readonly title: string;
  readonly baseline: string;
  readonly metrics: readonly string[];
  readonly rounds: number;
  readonly contenders: readonly {
    readonly name: string;
    readonly samples: readonly Sample[];
    readonly values: Readonly<Record<string, Spread>>;
    /** Per metric, the ratio to the baseline of the same round. */
    readonly ratios: Readonly<Record<string, Spread>>;
  }[];
  readonly bars: readonly (Bar & { readonly measured: Spread; readonly reached: boolean })[];
}

/**
 * Compares in one run: each contender is warmed up once, then all take turns, round after round, each round beginning
 * with another, so that whatever else the machine does meets them alike. Ratios are taken within a round.
 */
export async function runTrial(trial: Trial): Promise<TrialResult> {
  const { contenders, rounds = 7, durationMs = 400, metrics } = trial;
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await contender.measure(durationMs);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(round + turn) % contenders.length] as Contender;
      samples.get(contender.name)?.push(await contender.measure(durationMs));
    }
  }
  const of = (name: string): readonly Sample[] => {
    const found = samples.get(name);
    if (found === undefined) throw new RangeError(`${trial.title}: there is no contender ${name}`);
    return found;
  };
  const metricOf = (sample: Sample | undefined, metric: string): number => sample?.[metric] ?? Number.NaN;
  const ratio = (name: string, base: string, metric: string): Spread =>
    spread(of(name).map((sample, round) => metricOf(sample, metric) / metricOf(of(base)[round], metric)));
  const perMetric = (measure: (metric: string) => Spread): Record<string, Spread> =>
    Object.fromEntries(metrics.map((metric) => [metric, measure(metric)]));

  return {
    title: trial.title,
    baseline: trial.baseline,
    metrics,
    rounds,
    contenders: contenders.map(({ name }) => ({
      name,
      samples: of(name),
      values: perMetric((metric) => spread(of(name).map((sample) => metricOf(sample, metric)))),
      ratios: perMetric((metric) => ratio(name, trial.baseline, metric)),
    })),
    bars: (trial.bars ?? []).map((bar) => {
      const measured =
        bar.against === undefined
          ? spread(of(bar.contender).map((sample) => metricOf(sample, bar.metric)))
          : ratio(bar.contender, bar.against, bar.metric);
      const reached = measured.median >= (bar.atLeast ?? -Infinity) && measured.median <= (bar.atMost ?? Infinity);
      return { ...bar, measured, reached };
    }),
  };
}
