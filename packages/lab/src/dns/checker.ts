/** What one checker believes of an endpoint, and how many looks in a row have said otherwise since. */
export interface Checker {
  readonly healthy: boolean;
  readonly against: number;
}

/** Route 53 takes a new health check for healthy until it knows better. */
export const NEW_CHECKER: Checker = { healthy: true, against: 0 };

/** A checker changes its mind after `failureThreshold` looks in a row against it: the same number both ways. */
export function afterLook({ healthy, against }: Checker, passed: boolean, failureThreshold: number): Checker {
  if (passed === healthy) return { healthy, against: 0 };
  if (against + 1 < failureThreshold) return { healthy, against: against + 1 };
  return { healthy: passed, against: 0 };
}

const MORE_THAN_PERCENT = 18;

/** Healthy while more than 18 % of the checkers say so: a few that cannot reach it must not take it out. */
export function isHealthy(checkers: readonly Checker[]): boolean {
  return countHealthy(checkers) * 100 > checkers.length * MORE_THAN_PERCENT;
}

export const countHealthy = (checkers: readonly Checker[]): number => checkers.filter(({ healthy }) => healthy).length;
