import pg from 'pg';
import { guardReading } from '../postgres/guard-reading.ts';

/** A session of the app that was open before the fence: it proves that an open transaction cannot write afterwards. */
export interface HeldSession {
  tryWrite(): Promise<string>;
  close(): Promise<void>;
}

/** Undefined if the app cannot log in. */
export async function holdSession(url: string, signal: AbortSignal): Promise<HeldSession | undefined> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 3_000,
    query_timeout: 3_000,
    application_name: 'regionkit ops',
  });
  // A session that is ended while it is idle says why here, and not to the next statement.
  let endedBy: string | undefined;
  client.on('error', (error: Error & { readonly code?: string }) => {
    endedBy ??= error.code;
  });
  guardReading(client);
  const close = (): Promise<void> => client.end().catch(() => {});
  try {
    signal.throwIfAborted();
    await client.connect();
    await client.query('BEGIN');
  } catch {
    await close();
    return undefined;
  }
  return {
    async tryWrite() {
      try {
        // Writes nothing, and needs everything that a write needs.
        await client.query('SELECT pg_current_xact_id()');
        return 'an open transaction could still write';
      } catch (error) {
        const code = endedBy ?? (error as { readonly code?: string }).code;
        return `a write in an open transaction was refused (${/^[0-9A-Z]{5}$/.test(code ?? '') ? code : 'its connection was closed'})`;
      }
    },
    close,
  };
}
