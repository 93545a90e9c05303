import { check } from '@regionkit/core/kit';
import { type Reservation, reservePort } from './ports.ts';

/** Made by {@link reservePorts}. */
export interface ReservedPorts extends Disposable {
  /** All different, and below the ports that the system takes for outgoing connections. */
  readonly ports: readonly number[];
  /** Lets others use the ports again. It does not end what listens on them. Further calls have no effect. */
  release(): void;
}

/**
 * Reserves free ports of 127.0.0.1 for servers that start later, for example in a child process that gets its port by an
 * option. No lab and no other call takes one of them, in any process of this machine, also while nothing listens on it. A
 * program that reserves nothing can still take one: choose other ports if a server finds its port in use.
 *
 * The ports are reserved until `release()`, or until this process ends.
 *
 * @example
 * ```ts
 * using reserved = await reservePorts(2);
 * const [first, second] = reserved.ports;
 * ```
 *
 * @param count 1 to 100
 * @throws {RangeError} The count is wrong.
 * @throws {LabError} `ERR_LAB_PORT_TAKEN`: too few ports are free.
 */
export async function reservePorts(count: number): Promise<ReservedPorts> {
  check.integer('reservePorts: count', count, { min: 1, max: 100 });
  const reservations: Reservation[] = [];
  const release = (): void => {
    for (const reservation of reservations) reservation.release();
  };
  try {
    while (reservations.length < count) reservations.push(await reservePort());
  } catch (error) {
    release();
    throw error;
  }
  return { ports: reservations.map(({ port }) => port), release, [Symbol.dispose]: release };
}
