import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { resetSocket } from '@regionkit/core/kit';
import type { Modules } from './modules.ts';

/** The way from the app of one region to the app of another, or to a database. */
export interface Wire {
  readonly port: number;
  /** New connections lead to this port from now on. Those that are open stay where they are. */
  lead(target: number): void;
  /** Cut, nothing gets through and nothing is closed. Not cut, what was sent meanwhile arrives. */
  cut(isCut: boolean): void;
  /** Whether something listens at the other end. If not, connections are refused, and those that are open end. */
  up(isUp: boolean): Promise<void>;
  close(): Promise<void>;
}

/** @param target where it leads. It is not up yet. */
export async function createWire({ reservePorts }: Pick<Modules, 'reservePorts'>, target: number): Promise<Wire> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const waiting = new Set<Socket>();
  let led = target;
  let isCut = false;
  let listener: Server | undefined;

  const join = (client: Socket): void => {
    const server = connect({ port: led, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    const pair = [client, server] as const;
    pairs.add(pair);
    for (const [one, other] of [pair, [server, client] as const]) {
      one.on('data', (bytes) => {
        if (!other.write(bytes)) one.pause();
      });
      other.on('drain', () => {
        if (!isCut) one.resume();
      });
      one.on('end', () => other.end());
      one.on('error', () => {});
      one.on('close', () => {
        pairs.delete(pair);
        other.destroySoon();
      });
      one.resume();
    }
  };
  const listen = async (port: number): Promise<Server> => {
    const server = createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen: true }, (client) => {
      client.on('error', () => {});
      client.once('close', () => waiting.delete(client));
      if (isCut) waiting.add(client);
      else join(client);
    });
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return server;
  };
  const down = async (): Promise<void> => {
    const closed = listener === undefined ? undefined : new Promise((resolve) => listener?.close(resolve));
    listener = undefined;
    for (const pair of pairs) for (const socket of pair) resetSocket(socket);
    for (const client of waiting) resetSocket(client);
    await closed;
  };

  const reserved = await reservePorts(1);
  const [port] = reserved.ports as [number];
  return {
    port,
    lead: (next) => {
      led = next;
    },
    cut: (next) => {
      isCut = next;
      for (const pair of pairs) for (const socket of pair) socket[isCut ? 'pause' : 'resume']();
      if (isCut) return;
      for (const client of waiting) join(client);
      waiting.clear();
    },
    up: async (isUp) => {
      if (isUp === (listener !== undefined)) return;
      if (isUp) listener = await listen(port);
      else await down();
    },
    close: async () => {
      await down();
      reserved.release();
    },
  };
}
