import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Clock } from '@regionkit/core/kit';
import type { Pool, PoolClient } from 'pg';
import { clientClass } from './client-class.ts';

/** The parts of a connection of node-postgres that are not in its declarations. */
interface RawConnection extends EventEmitter {
  readonly stream: Socket;
  readonly ssl: unknown;
  readonly sslNegotiation?: string;
  connect(port: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: unknown): void;
}

interface Cancellable {
  readonly processID: number;
  readonly secretKey: unknown;
}

/**
 * Asks the server to cancel the statement that is under way on `client` (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS). The request carries the key
 * that the server gave to this connection. A server that did not give it ignores the request, so it cannot cancel what
 * belongs to another process, as `pg_cancel_backend()` on a wrong server would.
 *
 * Calls back when the server has taken the request, or after `withinMs`. The request may arrive late, so the connection must
 * not be used again: it could cancel the next statement.
 */
export function cancelStatement(
  pool: Pool,
  client: PoolClient,
  clock: Clock,
  withinMs: number,
  done: () => void,
): void {
  const { host, port } = client;
  const Client = clientClass(pool);
  const { connection } = new Client({ ...pool.options, host, port }) as unknown as {
    readonly connection: RawConnection;
  };
  let isDone = false;
  const end = (): void => {
    if (isDone) return;
    isDone = true;
    cancelTimer();
    connection.stream.destroy();
    done();
  };
  const cancelTimer = clock.schedule(end, withinMs);
  const { processID, secretKey } = client as unknown as Cancellable;
  const send = (): void => connection.cancel(processID, secretKey);
  if (!connection.ssl) connection.once('connect', send);
  else {
    if (connection.sslNegotiation !== 'direct') connection.once('connect', () => connection.requestSsl());
    connection.once('sslconnect', send);
  }
  connection.on('error', end);
  // The server closes this connection when it has passed the request on.
  connection.once('end', end);
  if (host.startsWith('/')) connection.connect(`${host}/.s.PGSQL.${port}`);
  else connection.connect(port, host);
}
