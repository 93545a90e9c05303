import { createServer, type Server } from 'node:net';
import { LabError } from '../errors.ts';

/**
 * Below the range from which Linux (32,768) and macOS (49,152) take the ports of outgoing connections, so that a port
 * that is free for a moment, while a server is down, is not taken by chance.
 */
const FIRST = 15_000;
const LAST = 32_000;
const TRIES = 50;

/** Listens on 127.0.0.1. Neither the server nor what it accepts keeps the process alive. */
export async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.off('error', reject);
      server.unref();
      resolve();
    });
  });
}

/** A port on 127.0.0.1 on which nobody listened a moment ago. Whoever takes it must be ready to find it taken. */
export async function freePort(random: () => number = Math.random): Promise<number> {
  let cause: unknown;
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = FIRST + Math.floor(random() * (LAST - FIRST));
    const probe = createServer();
    try {
      await listen(probe, port);
      await new Promise((resolve) => probe.close(resolve));
      return port;
    } catch (error) {
      cause = error;
    }
  }
  throw new LabError(
    'ERR_LAB_PORT_TAKEN',
    `found no free port on 127.0.0.1 in ${TRIES} tries: end what listens there`,
    {
      cause,
    },
  );
}
