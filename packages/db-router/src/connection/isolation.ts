/** The isolation levels that a transaction or a batch may ask for. */
export const ISOLATION_LEVELS = ['read committed', 'repeatable read', 'serializable'] as const;

/** ` ISOLATION LEVEL …` for a BEGIN; empty for the server's own. */
export function isolationClause(isolation: (typeof ISOLATION_LEVELS)[number] | undefined): string {
  return isolation === undefined ? '' : ` ISOLATION LEVEL ${isolation.toUpperCase()}`;
}
