import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { LatencyDns } from '@regionkit/lab';

export interface EdgeOptions<Name extends string> {
  readonly dns: LatencyDns<Name>;
  /** The port on which a region's app listens. */
  readonly portOf: (region: Name) => number;
}

/**
 * Where the clients of a place meet the global name: a port for each place, that leads each new connection where the
 * resolver its clients share says.
 */
export interface Edge<Name extends string> {
  /** The port a client in `place` uses for the global name. */
  port(place: Name): number;
  close(): Promise<void>;
}

export async function createEdge<Name extends string>({ dns, portOf }: EdgeOptions<Name>): Promise<Edge<Name>> {
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.setNoDelay(true);
  };
  const listeners = await Promise.all(
    dns.regions.map(async (place) => {
      const resolver = dns.resolver(place);
      const server = createServer((client) => {
        const region = connect(portOf(resolver.resolve()), '127.0.0.1');
        keep(client);
        keep(region);
        client.pipe(region).pipe(client);
        client.on('error', () => region.destroy());
        region.on('error', () => client.destroy());
        client.on('close', () => region.destroy());
        region.on('close', () => client.destroy());
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      return [place, server] as const;
    }),
  );
  const servers = Object.fromEntries(listeners) as Record<Name, Server>;

  return {
    port: (place) => (servers[place].address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all(Object.values<Server>(servers).map((server) => new Promise((done) => server.close(done))));
    },
  };
}
