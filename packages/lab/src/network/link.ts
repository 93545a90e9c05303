import { connect, createServer, type Server, type Socket } from 'node:net';
import { resetSocket, systemClock } from '@regionkit/core/kit';
import { LabError } from '../errors.ts';
import { sleep } from '../until.ts';
import { type Conduit, createConduit } from './conduit.ts';
import { listen, listenAnywhere, type Reservation } from './ports.ts';

/**
 * What a link does with the data on it.
 * - `pass`: delivers it
 * - `cut`: delivers nothing in either direction, and closes nothing; what was sent meanwhile arrives when the link
 *   passes again, as with TCP after a network outage
 * - `mute`: delivers what the client sends, but holds the answers of the server until the link passes again
 * - `lose`: as `cut`, but connections that were open or opened meanwhile never recover, as after a firewall forgot
 *   them
 */
export type Flow = 'pass' | 'cut' | 'mute' | 'lose';

/**
 * The path from clients in one region to the database of one region: a TCP port that forwards to the server and
 * simulates faults.
 */
export interface Link {
  readonly port: number;
  readonly flow: Flow;
  /** Takes effect at once. Resolves when it also applies to new connections. */
  setFlow(flow: Flow): Promise<void>;
  /** In addition to the round trip of the link. */
  setExtraMs(ms: number): void;
  /** Resets (RST) every existing connection. New ones are not affected. */
  reset(): void;
  /** Sets whether the server runs. Without a server a link refuses connections; a cut link does not answer them. */
  setServer(port: number | undefined): Promise<void>;
  close(): void;
}

export interface LinkOptions {
  /** For messages, for example `us-east-1`. */
  readonly to: string;
  readonly roundTripMs: number;
  /** @default a free one */
  readonly port?: number | undefined;
}

interface Connection {
  readonly client: Socket;
  readonly server: Socket;
  readonly toServer: Conduit;
  readonly toClient: Conduit;
  lost: boolean;
}

const LISTEN_TRIES = 20;
/**
 * The number of connections that wait for a cut link. Above it the oldest is dropped: most such clients have already
 * given up.
 */
const MAX_WAITING = 1_000;

/** Listens from the start. Before the first `setServer` it resets connections. */
export async function createLink({ to, roundTripMs, port: wanted }: LinkOptions): Promise<Link> {
  const connections = new Set<Connection>();
  const waiting = new Set<Socket>(); // clients that tried to connect through a cut link
  let flow: Flow = 'pass';
  let extraMs = 0;
  let target: number | undefined;
  let listener: Server | undefined = newListener();
  let closed = false;
  let moving = Promise.resolve();

  const delayMs = (): number => (roundTripMs + extraMs) / 2;

  const isDark = (): boolean => flow === 'cut' || flow === 'lose';

  const apply = ({ toServer, toClient, lost }: Connection): void => {
    toServer.hold(lost || isDark());
    toClient.hold(lost || flow !== 'pass');
  };

  const forget = (connection: Connection): void => {
    connection.toServer.close();
    connection.toClient.close();
    connections.delete(connection);
  };

  /** Connects a client to the server, or lets it wait while the link is cut. */
  const join = (client: Socket): void => {
    if (isDark()) {
      if (waiting.size >= MAX_WAITING) [...waiting][0]?.destroy();
      waiting.add(client);
      client.once('close', () => waiting.delete(client));
      return;
    }
    if (target === undefined) {
      resetSocket(client);
      return;
    }
    const server = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    server.on('error', () => {});
    server.unref();
    const opensAtMs = systemClock.now() + 2 * delayMs();
    const connection: Connection = {
      client,
      server,
      toServer: createConduit(client, server, { delayMs, opensAtMs }),
      toClient: createConduit(server, client, { delayMs, opensAtMs: 0 }),
      lost: false,
    };
    connections.add(connection);
    const onClose = (): void => {
      if (client.destroyed && server.destroyed) forget(connection);
    };
    client.once('close', onClose);
    server.once('close', onClose);
    apply(connection);
  };

  function accept(client: Socket): void {
    client.on('error', () => {});
    client.unref();
    if (closed) resetSocket(client);
    else join(client);
  }

  function newListener(): Server {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, accept);
    // After the start of listening, an error concerns one connection (for example no free descriptor). The client sees
    // it.
    return server.on('error', () => {});
  }

  const relisten = async (): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      const next = newListener();
      try {
        await listen(next, port);
        listener = next;
        return;
      } catch (cause) {
        if (tries === LISTEN_TRIES) throw taken(to, port, cause);
        await sleep(25);
      }
    }
  };

  /** One change at a time. Listens if the server would answer, or if the link must stay silent. */
  const settle = (): Promise<void> => {
    const next = moving.then(async () => {
      const wanted = !closed && (target !== undefined || isDark());
      if (wanted && listener === undefined) await relisten();
      else if (!wanted && listener !== undefined) {
        listener.close();
        listener = undefined;
      }
    });
    moving = next.catch(() => {});
    return next;
  };

  let reservation: Reservation | undefined;
  if (wanted === undefined) {
    reservation = await listenAnywhere(listener);
  } else {
    await listen(listener, wanted).catch((cause) => {
      throw taken(to, wanted, cause);
    });
  }
  const port = wanted ?? (reservation as Reservation).port;

  return {
    port,
    get flow() {
      return flow;
    },
    setFlow: (next) => {
      flow = next;
      for (const connection of connections) {
        if (flow === 'lose') connection.lost = true;
        apply(connection);
      }
      if (!isDark()) {
        for (const client of waiting) {
          waiting.delete(client);
          join(client);
        }
      }
      return settle();
    },
    setExtraMs: (ms) => {
      extraMs = ms;
    },
    reset: () => {
      for (const connection of connections) {
        forget(connection);
        resetSocket(connection.client);
        resetSocket(connection.server);
      }
      for (const client of waiting) resetSocket(client);
    },
    setServer: (next) => {
      target = next;
      return settle();
    },
    close: () => {
      closed = true;
      for (const connection of connections) {
        forget(connection);
        connection.client.destroy();
        connection.server.destroy();
      }
      for (const client of waiting) client.destroy();
      reservation?.release();
      settle().catch(() => {});
    },
  };
}

function taken(to: string, port: number, cause: unknown): LabError {
  const { code } = cause as NodeJS.ErrnoException;
  return new LabError(
    'ERR_LAB_PORT_TAKEN',
    `cannot listen on 127.0.0.1:${port}, where clients reach ${to} (${code}): end what listens there, or choose another port`,
    { cause },
  );
}
