import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { LabError } from '../errors.ts';

/** A port of 127.0.0.1 that other labs, of this process and of others, do not use until it is released. */
export interface Reservation {
  readonly port: number;
  release(): void;
}

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

/** Listens on a free port of the range, and reserves it. */
export async function listenAnywhere(server: Server, random: () => number = Math.random): Promise<Reservation> {
  for (let tries = 1; ; tries += 1) {
    const port = FIRST + Math.floor(random() * (LAST - FIRST));
    let reservation: Reservation | undefined;
    try {
      reservation = await reserve(port);
      await listen(server, port);
      return reservation;
    } catch (cause) {
      reservation?.release();
      if (tries < TRIES) continue;
      throw new LabError(
        'ERR_LAB_PORT_TAKEN',
        `found no free port on 127.0.0.1 from ${FIRST} to ${LAST} in ${TRIES} tries: end what listens there`,
        { cause },
      );
    }
  }
}

/** Reserves a port of the range on which nothing listens. Only a program that reserves nothing can still take it. */
export async function reservePort(random?: () => number): Promise<Reservation> {
  const probe = createServer();
  const reservation = await listenAnywhere(probe, random);
  await new Promise((resolve) => probe.close(resolve));
  return reservation;
}

/**
 * A reservation is a UDP socket on the port of the same number. It is not in the way of a TCP server, two processes cannot
 * have it at once, and it ends with its process.
 *
 * @throws {Error} `EADDRINUSE`: the port is reserved.
 */
async function reserve(port: number): Promise<Reservation> {
  const socket = createSocket('udp4');
  try {
    const bound = once(socket, 'listening'); // or its error
    socket.bind({ port, address: '127.0.0.1', exclusive: true });
    await bound;
  } catch (error) {
    socket.close();
    throw error;
  }
  socket.on('error', () => {});
  socket.unref();
  let released = false;
  return {
    port,
    release: () => {
      if (!released) socket.close();
      released = true;
    },
  };
}
