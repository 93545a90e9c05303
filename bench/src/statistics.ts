/** Where the middle of some values is, and how far they spread. Nothing is dropped. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError('spread: there are no values');
  // What was not measured has no place in an order, and a median of the rest would hide it.
  if (values.some(Number.isNaN)) return { median: Number.NaN, min: Number.NaN, max: Number.NaN };
  const sorted = values.toSorted((a, b) => a - b);
  return { median: quantile(sorted, 0.5), min: sorted[0] as number, max: sorted.at(-1) as number };
}

/** The `q` quantile of values in ascending order, between neighbours where it falls between them. */
export function quantile(sorted: readonly number[], q: number): number {
  const at = (sorted.length - 1) * q;
  const low = sorted[Math.floor(at)] as number;
  const high = sorted[Math.ceil(at)] as number;
  return low + (high - low) * (at - Math.floor(at));
}

const RESAMPLES = 1_000;

/**
 * An estimate from all rounds as `median`, and the bounds of its 95 % interval as `min` and `max`. Bootstrap: the estimate
 * is made again from as many rounds drawn at random, a thousand times. The draws are the same in every run.
 */
export function interval(rounds: number, estimate: (rounds: readonly number[]) => number): Spread {
  const all = Array.from({ length: rounds }, (_, round) => round);
  const random = createRandom();
  const resampled = Array.from({ length: RESAMPLES }, () =>
    estimate(all.map(() => Math.floor(random() * rounds))),
  ).sort((a, b) => a - b);
  return { median: estimate(all), min: quantile(resampled, 0.025), max: quantile(resampled, 0.975) };
}

/** A linear congruential generator (Numerical Recipes): good enough to draw rounds. */
function createRandom(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/**
 * The `k` of the power law `cost = c × size^k` nearest to the points: the slope of least squares between logarithms.
 * Points without a positive value say nothing; fewer than two leave NaN.
 */
export function exponent(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points
    .filter(([size, cost]) => size > 0 && cost > 0)
    .map(([size, cost]) => [Math.log(size), Math.log(cost)] as const);
  if (logs.length < 2) return Number.NaN;
  const mean = (at: 0 | 1): number => logs.reduce((sum, log) => sum + log[at], 0) / logs.length;
  const [meanSize, meanCost] = [mean(0), mean(1)];
  const across = logs.reduce((sum, [size, cost]) => sum + (size - meanSize) * (cost - meanCost), 0);
  return across / logs.reduce((sum, [size]) => sum + (size - meanSize) ** 2, 0);
}
