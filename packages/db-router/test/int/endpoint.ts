import { once } from 'node:events';
import net from 'node:net';
import { Transform } from 'node:stream';
import { onTestFinished } from 'vitest';

/** A name in front of databases, as HAProxy, RDS and CloudNativePG give one: it leads to one of them, and moves. */
export interface Endpoint {
  readonly connectionString: string;
  /** Leads to another database from now on. Connections there are end, unless they are to be kept. */
  lead(to: { readonly connectionString: string }, options?: { readonly keep?: boolean }): void;
  /** It goes on to accept connections, and nothing passes through any of them. */
  fallSilent(): void;
  /** Connections pass again. Those of the silence are ended. */
  speakAgain(): void;
}

/**
 * @param options `pooled`: it tells a process id of its own, as a pooler does, which hands a session to many in turn.
 *   `host`: the address of loopback at which it listens.
 */
export async function openEndpoint(
  first: { readonly connectionString: string },
  { pooled = false, host = '127.0.0.1' }: { readonly pooled?: boolean; readonly host?: '127.0.0.1' | '::1' } = {},
): Promise<Endpoint> {
  let port = portOf(first);
  const open = new Set<net.Socket>();
  let isSilent = false;
  const server = net.createServer((inner) => {
    const outer = net.connect(port, '127.0.0.1');
    for (const socket of [inner, outer]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        inner.destroy();
        outer.destroy();
      });
    }
    if (isSilent) return;
    inner.pipe(outer);
    if (pooled) outer.pipe(otherProcessId()).pipe(inner);
    else outer.pipe(inner);
  });
  const end = (): void => {
    for (const socket of open) socket.destroy();
  };
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    end();
  });
  const url = new URL(first.connectionString);
  url.hostname = host === '::1' ? '[::1]' : host;
  url.port = String((server.address() as net.AddressInfo).port);
  return {
    connectionString: url.href,
    lead: (to, { keep = false } = {}) => {
      port = portOf(to);
      if (!keep) end();
    },
    fallSilent: () => {
      isSilent = true;
      for (const socket of open) socket.unpipe();
    },
    speakAgain: () => {
      isSilent = false;
      end();
    },
  };
}

function portOf({ connectionString }: { readonly connectionString: string }): number {
  return Number(new URL(connectionString).port);
}

/** BackendKeyData comes once, before the first statement. */
function otherProcessId(): Transform {
  const keyData = Buffer.from([0x4b, 0, 0, 0, 12]);
  let isDone = false;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const at = isDone ? -1 : chunk.indexOf(keyData);
      if (at >= 0) {
        isDone = true;
        chunk.writeInt32BE(chunk.readInt32BE(at + keyData.length) + 1_000_000, at + keyData.length);
      }
      done(null, chunk);
    },
  });
}
