import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { LabError } from '../errors.ts';

/**
 * Below the range that Linux (32,768) and macOS (49,152) use for outgoing connections, so that no outgoing connection
 * takes the port while a server is down.
 */
const FIRST = 15_000;
const LAST = 32_000;
const TRIES = 50;

/** Listens on 127.0.0.1. Neither the server nor its connections keep the process alive. */
export async function listen(server: Server, port: number): Promise<void> {
  const listening = once(server, 'listening'); // or its error
  server.listen({ port, host: '127.0.0.1' });
  await listening;
  server.unref();
}

/** Listens on a free port of the range, and returns it. */
export async function listenAnywhere(server: Server, random: () => number = Math.random): Promise<number> {
  for (let tries = 1; ; tries += 1) {
    const port = FIRST + Math.floor(random() * (LAST - FIRST));
    try {
      await listen(server, port);
      return port;
    } catch (cause) {
      if (tries < TRIES) continue;
      throw new LabError(
        'ERR_LAB_PORT_TAKEN',
        `found no free port on 127.0.0.1 from ${FIRST} to ${LAST} in ${TRIES} tries: end what listens there`,
        { cause },
      );
    }
  }
}

/** Returns a port that was free a moment ago. The caller must expect that it is taken meanwhile. */
export async function freePort(random?: () => number): Promise<number> {
  const probe = createServer();
  const port = await listenAnywhere(probe, random);
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
