import { check, type OptionCheck, optional } from '@regionkit/core/kit';

/** The isolation levels that a transaction or a batch may ask for. */
const ISOLATION_LEVELS = ['read committed', 'repeatable read', 'serializable'] as const;

export const readIsolation: OptionCheck<(typeof ISOLATION_LEVELS)[number] | undefined> = optional((option, given) =>
  check.oneOf(option, given, ISOLATION_LEVELS),
);

/** ` ISOLATION LEVEL …` for a BEGIN; empty for the server's own. */
export function isolationClause(isolation: (typeof ISOLATION_LEVELS)[number] | undefined): string {
  return isolation === undefined ? '' : ` ISOLATION LEVEL ${isolation.toUpperCase()}`;
}
