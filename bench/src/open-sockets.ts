import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Connections to a server of this machine, all open. */
export function openSockets(port: number, connections: number): Promise<Socket[]> {
  return Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      return socket;
    }),
  );
}
