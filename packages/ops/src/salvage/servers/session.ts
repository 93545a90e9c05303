import pg from 'pg';
import { type Answer, unreachable } from '../../postgres/ask.ts';
import { guardReading } from '../../postgres/guard-reading.ts';

/** A connection that reads: every value arrives as the text that the output function of its type writes. */
export interface Session extends AsyncDisposable {
  /** Rows by the names of their columns. Texts and nulls only. */
  query<Row extends object>(sql: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Rows as lists, for columns whose names are not ours. */
  lists(sql: string, values?: readonly unknown[]): Promise<readonly (readonly (string | null)[])[]>;
}

export interface SessionOptions {
  readonly url: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/**
 * Values are compared as texts, so both servers must write them in the same way. The search path has no schema in which
 * others may create functions: the role of this session may be a powerful one.
 */
export const VALUE_SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ['client_encoding', 'UTF8'],
  ['DateStyle', 'ISO, YMD'],
  ['IntervalStyle', 'postgres'],
  ['TimeZone', 'UTC'],
  ['lc_monetary', 'C'],
];

const SETTINGS: readonly (readonly [name: string, value: string])[] = [
  ...VALUE_SETTINGS,
  ['bytea_output', 'hex'],
  ['extra_float_digits', '1'],
  ['search_path', 'pg_catalog'],
  ['default_transaction_read_only', 'on'],
  // Rows that a policy hides would count as missing. With this the server reports an error instead.
  ['row_security', 'off'],
  ['statement_timeout', '0'],
  ['lock_timeout', '0'],
  ['idle_session_timeout', '0'],
  ['idle_in_transaction_session_timeout', '0'],
];

const AS_TEXT = { getTypeParser: () => (value: string) => value } as unknown as pg.CustomTypesConfig;

/** Opens a session, or says why it cannot. An abort ends the connection, whatever it does. */
export async function openSession({ url, timeoutMs, signal }: SessionOptions): Promise<Answer<Session>> {
  const startedMs = performance.now();
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: timeoutMs,
    application_name: 'regionkit salvage',
    keepAlive: true,
  });
  client.on('error', () => {});
  guardReading(client);
  const destroy = (): void => {
    (
      client as unknown as { readonly connection: { readonly stream: { destroy(): void } } }
    ).connection.stream.destroy();
  };
  signal.addEventListener('abort', destroy, { once: true });
  try {
    signal.throwIfAborted();
    await client.connect();
    const set = SETTINGS.map((_, at) => `set_config($${2 * at + 1}, $${2 * at + 2}, false)`).join(', ');
    await client.query(`SELECT ${set}`, SETTINGS.flat());
    // PostgreSQL 17 and later.
    await client.query(`SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'transaction_timeout'`);
  } catch (error) {
    signal.removeEventListener('abort', destroy);
    destroy();
    return { ok: false, ...unreachable(error) };
  }
  const run = <Row>(sql: string, values: readonly unknown[], rowMode?: 'array'): Promise<{ readonly rows: Row[] }> =>
    client.query({
      text: sql,
      values: [...values],
      types: AS_TEXT,
      ...(rowMode && { rowMode }),
    } as unknown as pg.QueryConfig) as unknown as Promise<{ readonly rows: Row[] }>;
  const session: Session = {
    query: async <Row>(sql: string, values: readonly unknown[] = []) => (await run<Row>(sql, values)).rows,
    lists: async (sql, values = []) => (await run<(string | null)[]>(sql, values, 'array')).rows,
    async [Symbol.asyncDispose]() {
      signal.removeEventListener('abort', destroy);
      await Promise.race([
        client.end().catch(() => {}),
        new Promise<void>((resolve) => setTimeout(resolve, END_MS).unref()),
      ]);
      destroy();
    },
  };
  return { ok: true, value: session, tookMs: performance.now() - startedMs };
}

const END_MS = 1_000;
