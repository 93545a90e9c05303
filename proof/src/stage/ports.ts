import { createServer, type Server } from 'node:net';

/** Below the ports of outgoing connections and of the lab: no other program takes a port while the server that listens there is down. */
const FIRST = 9_000;
const LAST = 14_999;
const TRIES = 100;

/** Listens on a free port of 127.0.0.1 and gives it. */
async function listenBelow(server: Server): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (await listenOn(server, port)) return port;
  }
  throw new Error(`found no free port from ${FIRST} to ${LAST}`);
}

/** Whether it listens there now. */
export function listenOn(server: Server, port: number): Promise<boolean> {
  return new Promise((done) => {
    const failed = (): void => done(false);
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed);
      done(true);
    });
  });
}

/** Free ports. All are held at the same time, so that they differ. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) ports.push(await listenBelow(server));
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
