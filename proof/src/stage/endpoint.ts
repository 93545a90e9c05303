import { connect, createServer, type Server, type Socket } from 'node:net';
import { listenOn } from './listen-on.ts';

/** A name for the primary in one region, as HAProxy or a managed service gives one: it leads to a database, and moves. */
export interface Endpoint {
  readonly port: number;
  open(): Promise<void>;
  /** Leads to another database from now on; connections through it end. */
  lead(target: number): void;
  close(): void;
}

export function createEndpoint(port: number, first: number): Endpoint {
  const sockets = new Set<Socket>();
  let target = first;
  let server: Server | undefined;
  const endAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const join = (client: Socket): void => {
    const database = connect({ port: target, host: '127.0.0.1', noDelay: true });
    for (const [one, other] of [[client, database] as const, [database, client] as const]) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => {});
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  };
  return {
    port,
    open: async () => {
      server = createServer({ noDelay: true }, join);
      if (!(await listenOn(server, port))) throw new Error(`port ${port} is taken`);
    },
    lead: (next) => {
      target = next;
      endAll();
    },
    close: () => {
      server?.close();
      endAll();
    },
  };
}
