import pg from 'pg';

/** Runs SQL as the superuser, straight on the server: no fault of the network is in its way. */
export interface Console {
  query<Row extends pg.QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** One session for everything `body` does. */
  session<T>(body: (client: pg.Client) => Promise<T>): Promise<T>;
  /** Drops idle connections: the server they led to is about to go. */
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
