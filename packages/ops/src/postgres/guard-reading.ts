import type { Duplex } from 'node:stream';
import type pg from 'pg';

interface Wire {
  readonly stream: Duplex;
  readonly ssl: unknown;
  once(event: 'connect' | 'sslconnect', listener: () => void): unknown;
}

/**
 * To be called before `connect()`. pg reads answers in a listener of the socket, and what it throws there ends the process. With this the
 * connection fails instead, and its statement with it. A value can be longer than any text of this program (512 MB), and a server
 * can send what is not the protocol.
 */
export function guardReading(client: pg.Client): void {
  const wire = (client as unknown as { readonly connection: Wire }).connection;
  wire.once(wire.ssl ? 'sslconnect' : 'connect', () => {
    const { stream } = wire;
    for (const read of stream.listeners('data')) {
      stream.off('data', read as (chunk: Buffer) => void);
      stream.on('data', (chunk: Buffer) => {
        try {
          read.call(stream, chunk);
        } catch (error) {
          stream.destroy(error as Error);
        }
      });
    }
  });
}
