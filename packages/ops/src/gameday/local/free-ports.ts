import { createServer, type Server } from 'node:net';
import { OpsError } from '../../errors.ts';

/** Below the ports of outgoing connections and of the lab: no other program takes a port while the server that listens there is down. */
const FIRST = 9_000;
const LAST = 14_999;
const TRIES = 100;

/** Ports of loopback that are free now. All are held at the same time, so that they differ. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  try {
    for (const server of servers) ports.push(await listenBelow(server));
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
  return ports;
}

async function listenBelow(server: Server): Promise<number> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST + 1));
    if (await listenOn(server, port)) return port;
  }
  throw new OpsError('ERR_OPS_USAGE', `--local: found no free port on 127.0.0.1 from ${FIRST} to ${LAST}`);
}

/** Whether it listens there now. */
function listenOn(server: Server, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const failed = (): void => resolve(false);
    server.once('error', failed);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', failed);
      resolve(true);
    });
  });
}
