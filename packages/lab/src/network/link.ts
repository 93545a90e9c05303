import { connect, createServer, type Server, type Socket } from 'node:net';
import { LabError } from '../errors.ts';
import { sleep } from '../until.ts';
import { type Conduit, createConduit } from './conduit.ts';
import { listen, listenAnywhere } from './ports.ts';

/**
 * What a link does with what is sent over it.
 * - `pass`: delivers it.
 * - `cut`: nothing arrives either way and nothing is closed. Like TCP over a network that comes back, what was sent
 *   meanwhile arrives once the link passes again.
 * - `mute`: what the client sends arrives, what the server answers does not (until the link passes again).
 * - `lose`: as `cut`, but the connections that met it never recover, as when a firewall has forgotten them.
 */
export type Flow = 'pass' | 'cut' | 'mute' | 'lose';

/** The way from clients in one region to the database of one: a TCP port that leads to the server, and can misbehave. */
export interface Link {
  readonly port: number;
  readonly flow: Flow;
  /** Takes effect at once; resolves when new connections are met accordingly too. */
  setFlow(flow: Flow): Promise<void>;
  /** Added to the link's own round trip. */
  setExtraMs(ms: number): void;
  /** Resets (RST) every connection there is; new ones are not affected. */
  reset(): void;
  /** Tells whether the server is there. A link to none refuses connections, unless it is cut: then nobody answers. */
  setServer(port: number | undefined): Promise<void>;
  close(): void;
}

export interface LinkOptions {
  /** For messages: `us-east-1`. */
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
/** Connections that wait for a cut link. Beyond, the oldest goes: most of those clients have given up unseen. */
const MAX_WAITING = 1_000;

/** Listens from the start; until the first `setServer` connections are reset. */
export async function createLink({ to, roundTripMs, port: wanted }: LinkOptions): Promise<Link> {
  const connections = new Set<Connection>();
  const waiting = new Set<Socket>(); // clients whose connection attempt is lost in a cut link
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

  /** Joins a client to the server, or leaves it waiting where nothing gets through. */
  const join = (client: Socket): void => {
    if (isDark()) {
      if (waiting.size >= MAX_WAITING) [...waiting][0]?.destroy();
      waiting.add(client);
      client.once('close', () => waiting.delete(client));
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
    if (closed) client.resetAndDestroy();
    else join(client);
  }

  function newListener(): Server {
    const server = createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, accept);
    // Once it listens an error is that of one connection (no descriptor left for it); the client sees it.
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

  /** One move at a time: listens if and only if somebody would answer, or nobody would notice. */
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

  const port = wanted ?? (await listenAnywhere(listener));
  if (wanted !== undefined) {
    await listen(listener, wanted).catch((cause) => {
      throw taken(to, wanted, cause);
    });
  }

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
        connection.client.resetAndDestroy();
        connection.server.resetAndDestroy();
      }
      for (const client of waiting) client.resetAndDestroy();
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
