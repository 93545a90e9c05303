import pg from 'pg';

/** Runs SQL as the superuser, directly on the server, without the network faults of the lab. */
export interface Console {
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs `body` in one session. */
  session<T>(body: (client: pg.Client) => Promise<T>): Promise<T>;
  /** Closes idle connections, because their server is about to stop. */
  recycle(): void;
}

const TIMEOUT_MS = 10_000;

export function createConsole(connectionString: () => string): Console {
  let pool: pg.Pool | undefined;
  const open = (): pg.Pool => {
    pool ??= new pg.Pool({
      connectionString: connectionString(),
      max: 2,
      idleTimeoutMillis: 2_000,
      connectionTimeoutMillis: TIMEOUT_MS,
      allowExitOnIdle: true,
    })
      .on('error', () => {})
      .on('connect', (client) => client.on('error', () => {}));
    return pool;
  };
  return {
    query: async <Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]) =>
      (await open().query<Row>(sql, values === undefined ? undefined : [...values])).rows,
    session: async (body) => {
      const client = new pg.Client({ connectionString: connectionString(), connectionTimeoutMillis: TIMEOUT_MS });
      client.on('error', () => {});
      await client.connect();
      try {
        return await body(client);
      } finally {
        await client.end().catch(() => {});
      }
    },
    recycle: () => {
      pool?.end().catch(() => {});
      pool = undefined;
    },
  };
}
