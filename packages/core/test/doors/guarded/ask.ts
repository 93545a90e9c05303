import type http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import type { Ask } from './spellings.ts';

/** A running app that is asked by the byte: no client in between that would mend a target. */
export interface Asking {
  /** The status of the answer; 0 when there was none, which is as good a refusal. */
  ask(ask: Ask): Promise<number>;
  close(): Promise<void>;
}

async function portOf(server: net.Server): Promise<number> {
  if (!server.listening) {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', () => listening()));
  }
  return (server.address() as AddressInfo).port;
}

export async function askHttp(server: http.Server): Promise<Asking> {
  const port = await portOf(server);
  return {
    ask: ({ method, target, fields = [] }) =>
      new Promise((resolve) => {
        const socket = net.connect(port, '127.0.0.1');
        let answer = '';
        socket.on('data', (chunk) => {
          answer += chunk.toString('latin1');
        });
        socket.on('error', () => {});
        socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0)));
        const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
        socket.write(`${method} ${target} HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n${lines}\r\n`);
      }),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

export async function askHttp2(server: http2.Http2Server): Promise<Asking> {
  const session = http2.connect(`http://127.0.0.1:${await portOf(server)}`);
  return {
    ask: ({ method, target, fields = [] }) =>
      new Promise((resolve) => {
        const lower = Object.fromEntries(fields.map(([name, value]) => [name.toLowerCase(), value]));
        const call = session.request({ ':method': method, ':path': target, ':authority': 'app.example.com', ...lower });
        let status = 0;
        call.on('response', (headers) => {
          status = headers[':status'] ?? 0;
        });
        call.on('error', () => {});
        call.on('close', () => resolve(status));
        call.resume();
        call.end();
      }),
    close: () =>
      new Promise((closed) => {
        session.destroy();
        server.close(() => closed());
      }),
  };
}

/** A runtime parses the target before anybody of ours sees it. */
export function askFetch(handler: (request: Request) => Promise<Response>): Asking {
  return {
    ask: async ({ method, target, fields = [] }) => {
      let url: URL;
      try {
        url = new URL(target.startsWith('/') ? `http://app.example.com${target}` : target, 'http://app.example.com');
        if (url.username !== '') return 0;
      } catch {
        return 0;
      }
      return (await handler(new Request(url, { method, headers: fields as [string, string][] }))).status;
    },
    close: async () => {},
  };
}
