import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';

/** A wire before a server that breaks at COMMIT: before the server has it, or before its answer is back. */
export interface CommitCut {
  readonly connectionString: string;
  /** The next COMMIT that passes breaks the wire. */
  arm(when: 'before' | 'after'): void;
}

export async function openCommitCut(to: { readonly connectionString: string }): Promise<CommitCut> {
  const url = new URL(to.connectionString);
  const port = Number(url.port);
  const open = new Set<net.Socket>();
  let armed: 'before' | 'after' | undefined;
  const server = net.createServer((inner) => {
    const outer = net.connect(port, '127.0.0.1');
    let isCut = false;
    for (const socket of [inner, outer]) {
      open.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        open.delete(socket);
        inner.destroy();
        outer.destroy();
      });
    }
    inner.on('data', (data) => {
      if (armed !== undefined && data.includes('COMMIT')) {
        const when = armed;
        armed = undefined;
        isCut = true;
        if (when === 'before') return void outer.destroy();
      }
      outer.write(data);
    });
    outer.on('data', (data) => {
      if (isCut) return void inner.destroy();
      inner.write(data);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as net.AddressInfo).port);
  return {
    connectionString: url.href,
    arm: (when) => {
      armed = when;
    },
  };
}
