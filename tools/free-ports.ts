import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below the range from which Linux takes the ports of outgoing connections: a server that restarts finds its own free. */
const FIRST = 15_000;
const LAST = 32_000;

/** Ports of loopback on which nothing listens, all held at once so that they differ. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = new Map<number, Server>();
  while (servers.size < count) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    const server = createServer();
    const listening = once(server, 'listening');
    server.listen(port, '127.0.0.1');
    await listening.then(
      () => servers.set(port, server),
      () => {}, // it is taken: another
    );
  }
  await Promise.all([...servers.values()].map((server) => new Promise((done) => server.close(done))));
  return [...servers.keys()];
}
