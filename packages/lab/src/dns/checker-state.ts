/** The opinion of one checker about an endpoint, and how many results in a row contradict it. */
export interface Checker {
  readonly healthy: boolean;
  readonly contrary: number;
}

/** Route 53 counts a new endpoint as healthy at first. */
export const NEW_CHECKER: Checker = { healthy: true, contrary: 0 };

/**
 * A checker changes its opinion after `failureThreshold` contrary results in a row. The number is the same in both
 * directions.
 */
export function afterCheck({ healthy, contrary }: Checker, passed: boolean, failureThreshold: number): Checker {
  if (passed === healthy) return { healthy, contrary: 0 };
  if (contrary + 1 < failureThreshold) return { healthy, contrary: contrary + 1 };
  return { healthy: passed, contrary: 0 };
}

const MORE_THAN_PERCENT = 18;

/**
 * An endpoint is healthy while more than 18 % of the checkers find it healthy, so a few checkers that cannot reach it
 * do not remove it.
 */
export function isHealthy(checkers: readonly Checker[]): boolean {
  return countHealthy(checkers) * 100 > checkers.length * MORE_THAN_PERCENT;
}

export const countHealthy = (checkers: readonly Checker[]): number => checkers.filter(({ healthy }) => healthy).length;
