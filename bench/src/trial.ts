import type { Sample } from './sample.ts';
import { interval, quantile, type Spread, spread } from './statistics.ts';

/** One of those compared. */
export interface Contender {
  readonly name: string;
  /** Runs for about `durationMs` and says what it measured. */
  measure(durationMs: number): Sample | Promise<Sample>;
}

/** A bar to reach: the ratio of one contender's metric to another's, what it is over it, or a plain value. */
export interface Bar {
  readonly contender: string;
  readonly metric: string;
  /** The contender the ratio is taken against; without it the value itself is judged. */
  readonly against?: string;
  /** The contender whose metric is taken off. */
  readonly over?: string;
  readonly atLeast?: number;
  readonly atMost?: number;
  /**
   * `worst`: what is promised of every round. `paired`: the median of the ratios or differences within the rounds. `low
   * tenth`: for costs, which other work of the machine only raises. The low tenth of one contender's rounds is held
   * against that of the other. By the last two, the bar is reached or missed only if the whole 95 % interval says so.
   * @default 'median'
   */
  readonly by?: 'median' | 'worst' | 'paired' | 'low tenth';
}

/** `not decided`: the bar lies within the interval, so more rounds are needed. */
export type Verdict = 'reached' | 'missed' | 'not decided';

/** What a table is about. */
export interface Comparison {
  readonly title: string;
  /** The contender all ratios of the table are taken against. */
  readonly baseline: string;
  /** The metric the table is about, and others shown beside it. */
  readonly metrics: readonly string[];
  readonly bars?: readonly Bar[];
  /** What a reader must know to read it rightly. */
  readonly notes?: readonly string[];
}

export interface Trial extends Comparison {
  readonly contenders: readonly Contender[];
  /** @default 7 */
  readonly rounds?: number;
  /** @default 400 */
  readonly durationMs?: number;
}

export interface TrialResult {
  readonly kind: 'comparison';
  readonly title: string;
  readonly baseline: string;
  readonly metrics: readonly string[];
  readonly notes: readonly string[];
  readonly rounds: number;
  readonly contenders: readonly {
    readonly name: string;
    readonly samples: readonly Sample[];
    readonly values: Readonly<Record<string, Spread>>;
    /** Per metric, the ratio to the baseline of the same round. */
    readonly ratios: Readonly<Record<string, Spread>>;
  }[];
  readonly bars: readonly (Bar & { readonly measured: Spread; readonly verdict: Verdict })[];
}

/**
 * Compares in one run: each contender is warmed up once, then all take turns, round after round, each round beginning
 * with another, so that whatever else the machine does meets them alike. Ratios are taken within a round.
 */
export async function runTrial(trial: Trial): Promise<TrialResult> {
  const { contenders, rounds = 7, durationMs = 400 } = trial;
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  for (const contender of contenders) await contender.measure(durationMs);
  for (let round = 0; round < rounds; round += 1) {
    for (let turn = 0; turn < contenders.length; turn += 1) {
      const contender = contenders[(round + turn) % contenders.length] as Contender;
      samples.get(contender.name)?.push(await contender.measure(durationMs));
    }
  }
  return judge(trial, samples);
}

/** The table of samples that were taken, one a round for each contender, and its bars. */
export function judge(comparison: Comparison, samples: ReadonlyMap<string, readonly Sample[]>): TrialResult {
  const { title, baseline, metrics, notes = [] } = comparison;
  const of = (name: string): readonly Sample[] => {
    const found = samples.get(name);
    if (found === undefined) throw new RangeError(`${title}: there is no contender ${name}`);
    return found;
  };
  const metricOf = (sample: Sample | undefined, metric: string): number => sample?.[metric] ?? Number.NaN;
  const plain = (name: string, metric: string): number[] => of(name).map((sample) => metricOf(sample, metric));
  const ratio = (name: string, base: string, metric: string): number[] =>
    plain(name, metric).map((value, round) => value / metricOf(of(base)[round], metric));
  const difference = (name: string, base: string, metric: string): number[] =>
    plain(name, metric).map((value, round) => value - metricOf(of(base)[round], metric));
  const lowTenth = (name: string, metric: string, rounds: readonly number[]): number =>
    quantile(
      rounds.map((round) => metricOf(of(name)[round], metric)).sort((a, b) => a - b),
      0.1,
    );
  const measure = ({ contender, against, over, metric, by }: Bar): Spread => {
    if (by === 'low tenth') {
      return interval(of(contender).length, (rounds) => {
        const low = lowTenth(contender, metric, rounds);
        if (against !== undefined) return low / lowTenth(against, metric, rounds);
        return over === undefined ? low : low - lowTenth(over, metric, rounds);
      });
    }
    const values =
      against !== undefined
        ? ratio(contender, against, metric)
        : over !== undefined
          ? difference(contender, over, metric)
          : plain(contender, metric);
    if (by !== 'paired') return spread(values);
    return interval(values.length, (rounds) => spread(rounds.map((round) => values[round] as number)).median);
  };
  const perMetric = (of: (metric: string) => readonly number[]): Record<string, Spread> =>
    Object.fromEntries(metrics.map((metric) => [metric, spread(of(metric))]));

  return {
    kind: 'comparison',
    title,
    baseline,
    metrics,
    notes,
    rounds: of(baseline).length,
    contenders: [...samples].map(([name, taken]) => ({
      name,
      samples: taken,
      values: perMetric((metric) => plain(name, metric)),
      ratios: perMetric((metric) => ratio(name, baseline, metric)),
    })),
    bars: (comparison.bars ?? []).map((bar) => {
      const measured = measure(bar);
      return { ...bar, measured, verdict: verdictOn(bar, measured) };
    }),
  };
}

function verdictOn({ by = 'median', atLeast = -Infinity, atMost = Infinity }: Bar, measured: Spread): Verdict {
  const { median, min, max } = measured;
  const [low, high] = by === 'median' ? [median, median] : [min, max];
  if (low >= atLeast && high <= atMost) return 'reached';
  const byInterval = by === 'paired' || by === 'low tenth';
  return byInterval && high >= atLeast && low <= atMost ? 'not decided' : 'missed';
}
