import type { PoolConfig } from 'pg';

/** What `poolConfig` may hold. */
export type GivenPoolConfig = Omit<PoolConfig, 'connectionString'>;

/** As long as the write gate waits for the answer of another region by default: nothing that it forwards may take longer. */
const STATEMENT_MS = 300_000;

/**
 * The options of a pool that the kit makes. Without limits a connect to a lost server, or a statement on a lost connection,
 * ends after hours or never. What the app gives, in `poolConfig` or in the URL, comes first.
 */
export function poolConfigOf(connectionString: string, given: GivenPoolConfig): PoolConfig {
  return {
    keepAlive: true,
    // Otherwise the system asks only after two hours whether the other side is still there.
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: 5_000,
    // A limit of the app for a statement may be longer than ours.
    ...(!limitsStatements(connectionString, given) && { query_timeout: STATEMENT_MS }),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    connectionString,
  };
}

function limitsStatements(connectionString: string, { query_timeout, statement_timeout }: GivenPoolConfig): boolean {
  const { searchParams } = new URL(connectionString);
  return (
    query_timeout !== undefined ||
    statement_timeout !== undefined ||
    searchParams.has('query_timeout') ||
    searchParams.has('statement_timeout')
  );
}
