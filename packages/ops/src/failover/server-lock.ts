import pg from 'pg';
import type { Operations } from '../config/check-config.ts';
import { guardReading } from '../postgres/guard-reading.ts';

/** Of all commands of regionkit that change a setup. */
const KEY = 0x72_6b_66_6f;
const RETRY_MS = 250;
const TRIES = 12;

/** `by` names the servers that another command holds, or is undefined: then all are held until it is disposed of. */
export interface ServerLock extends AsyncDisposable {
  readonly by: string | undefined;
}

/**
 * Holds an advisory lock on every server that answers, standbys too, until it is disposed of: two commands on two
 * machines meet on a server. A command that was killed lets go when its server notices.
 */
export async function lockServers({ nodes }: Operations): Promise<ServerLock> {
  const held: pg.Client[] = [];
  const release = async (): Promise<void> => {
    await Promise.all(held.map((client) => client.end().catch(() => {})));
  };
  const results = await Promise.all(nodes.map(async ({ id, url }) => ((await lock(url, held)) ? [] : [id])));
  const by = results.flat();
  if (by.length === 0) return { by: undefined, [Symbol.asyncDispose]: release };
  await release();
  return { by: by.join(', '), [Symbol.asyncDispose]: async () => {} };
}

/** False if another session holds it. A server that does not answer counts as free. */
async function lock(connectionString: string, held: pg.Client[]): Promise<boolean> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: 3_000,
    query_timeout: 3_000,
    application_name: 'regionkit ops lock',
  });
  client.on('error', () => {});
  guardReading(client);
  try {
    await client.connect();
    // The server notices within half a minute that this machine is gone.
    await client.query('SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3');
    for (let attempt = 0; attempt < TRIES; attempt += 1) {
      const { rows } = await client.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [KEY]);
      if (rows[0]?.locked === true) {
        held.push(client);
        return true;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
    await client.end();
    return false;
  } catch {
    await client.end().catch(() => {});
    return true;
  }
}
