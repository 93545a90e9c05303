import { connect, createServer, type Server, type Socket } from 'node:net';
import { resetSocket } from '@regionkit/core/kit';
import { listenOn } from './listen-on.ts';

/** The way from one region's app to another's. */
export interface Wire {
  readonly port: number;
  /** Cut, nothing gets through and nothing is closed; healed, what was sent meanwhile arrives. */
  cut(isCut: boolean): void;
  /** Whether a server listens at the other end. If none does, a connection is refused, as it would be there. */
  up(isUp: boolean): Promise<void>;
  close(): void;
}

/**
 * @param port where it begins
 * @param target where it leads; no server listens there yet
 */
export function createWire(port: number, target: number): Wire {
  const pairs = new Set<readonly [Socket, Socket]>();
  const waiting = new Set<Socket>();
  let isCut = false;
  let listener: Server | undefined;

  const join = (client: Socket): void => {
    const server = connect({ port: target, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
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
        if (one.errored !== null) resetSocket(other);
      });
      one.resume();
    }
  };
  const newListener = (): Server =>
    createServer({ noDelay: true, pauseOnConnect: true, allowHalfOpen: true }, (client) => {
      client.on('error', () => {});
      client.once('close', () => waiting.delete(client));
      if (isCut) waiting.add(client);
      else join(client);
    });

  return {
    port,
    cut: (next) => {
      isCut = next;
      for (const pair of pairs) for (const socket of pair) socket[isCut ? 'pause' : 'resume']();
      if (isCut) return;
      for (const client of waiting) join(client);
      waiting.clear();
    },
    up: async (isUp) => {
      if (isUp === (listener !== undefined)) return;
      listener?.close();
      listener = isUp ? newListener() : undefined;
      if (listener !== undefined && !(await listenOn(listener, port))) throw new Error(`port ${port} was taken`);
    },
    close: () => {
      listener?.close();
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      for (const client of waiting) client.destroy();
    },
  };
}
