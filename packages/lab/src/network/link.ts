import { connect, createServer, type Server, type Socket } from 'node:net';
import { sleep } from '../until.ts';
import { type Conduit, createConduit } from './conduit.ts';
import { freePort, listen } from './ports.ts';

/**
 * What a link does with what is sent over it.
 * - `pass`: delivers it.
 * - `cut`: nothing arrives either way and nothing is closed. Like TCP over a network that comes back, what was sent
 *   meanwhile arrives once the link passes again.
 * - `mute`: what the client sends arrives, what the server answers does not (until the link passes again).
 * - `lose`: as `cut`, but the connections that met it never recover, as when a firewall has forgotten them.
 */
export type Flow = 'pass' | 'cut' | 'mute' | 'lose';

/** The way from the clients in one region to the database of one: a TCP port that leads to the server, and can misbehave. */
export interface Link {
  readonly port: number;
  readonly flow: Flow;
  setFlow(flow: Flow): void;
  /** Added to the link's own round trip. */
  setExtraMs(ms: number): void;
  /** Resets (RST) every connection there is; new ones are not affected. */
  reset(): void;
  /** Tells whether the server is there. A link to none refuses connections, unless it is cut: then nobody answers. */
  setServer(port: number | undefined): Promise<void>;
  close(): void;
}

export interface LinkOptions {
  readonly roundTripMs: number;
  /** @default a free one */
  readonly port?: number | undefined;
}

interface Connection {
  readonly client: Socket;
  readonly toServer: Conduit | undefined;
  readonly toClient: Conduit | undefined;
  readonly server: Socket | undefined;
  lost: boolean;
}

const LISTEN_TRIES = 20;

export async function createLink({ roundTripMs, port: wanted }: LinkOptions): Promise<Link> {
  const port = wanted ?? (await freePort());
  const connections = new Set<Connection>();
  let flow: Flow = 'pass';
  let extraMs = 0;
  let target: number | undefined;
  let listener: Server | undefined;
  let closed = false;
  let moving = Promise.resolve();

  const delayMs = (): number => (roundTripMs + extraMs) / 2;

  const apply = ({ toServer, toClient, lost }: Connection): void => {
    toServer?.hold(lost || flow === 'cut' || flow === 'lose');
    toClient?.hold(lost || flow !== 'pass');
  };

  const drop = (connection: Connection): void => {
    connection.toServer?.close();
    connection.toClient?.close();
    connections.delete(connection);
  };

  /** Joins a client to the server, or leaves it waiting where nothing gets through. */
  const join = (client: Socket): void => {
    if (flow === 'cut' || flow === 'lose') {
      const waiting: Connection = { client, server: undefined, toServer: undefined, toClient: undefined, lost: false };
      connections.add(waiting);
      client.once('close', () => drop(waiting));
      return;
    }
    if (target === undefined) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    server.on('error', () => {});
    server.unref();
    const opensAtMs = performance.now() + 2 * delayMs();
    const connection: Connection = {
      client,
      server,
      toServer: createConduit(client, server, { delayMs, opensAtMs }),
      toClient: createConduit(server, client, { delayMs, opensAtMs: 0 }),
      lost: false,
    };
    connections.add(connection);
    const forget = (): void => {
      if (client.destroyed && server.destroyed) drop(connection);
    };
    client.once('close', forget);
    server.once('close', forget);
    apply(connection);
  };

  const accept = (client: Socket): void => {
    client.on('error', () => {});
    client.unref();
    if (closed) client.resetAndDestroy();
    else join(client);
  };

  const startListening = async (): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      const next = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, accept);
      try {
        await listen(next, port);
        listener = next;
        return;
      } catch (error) {
        if (tries === LISTEN_TRIES || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        await sleep(25);
      }
    }
  };

  /** One move at a time: listens if and only if somebody would answer, or nobody would notice. */
  const settle = (): Promise<void> => {
    const next = moving.then(async () => {
      const wanted = !closed && (target !== undefined || flow === 'cut' || flow === 'lose');
      if (wanted && listener === undefined) await startListening();
      else if (!wanted && listener !== undefined) {
        listener.close();
        listener = undefined;
      }
    });
    moving = next.catch(() => {});
    return next;
  };

  return {
    port,
    get flow() {
      return flow;
    },
    setFlow: (next) => {
      flow = next;
      for (const connection of [...connections]) {
        if (connection.server === undefined) {
          // It waited for the network; the server may be gone by now.
          if (next === 'cut' || next === 'lose') continue;
          drop(connection);
          join(connection.client);
        } else {
          if (next === 'lose') connection.lost = true;
          apply(connection);
        }
      }
      settle().catch(() => {});
    },
    setExtraMs: (ms) => {
      extraMs = ms;
    },
    reset: () => {
      for (const connection of [...connections]) {
        drop(connection);
        connection.client.resetAndDestroy();
        connection.server?.resetAndDestroy();
      }
    },
    setServer: (next) => {
      target = next;
      return settle();
    },
    close: () => {
      closed = true;
      for (const connection of [...connections]) {
        drop(connection);
        connection.client.destroy();
        connection.server?.destroy();
      }
      settle().catch(() => {});
    },
  };
}
