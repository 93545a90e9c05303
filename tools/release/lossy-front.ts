import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LossyFront {
  readonly url: string;
  close(): void;
}

/**
 * Stands before a registry, and loses the network in the middle of a release: `publishes` of them are answered, the next
 * one reaches the registry, and its answer and all later requests are lost.
 */
export async function startLossyFront(registry: string, publishes: number): Promise<LossyFront> {
  let left = publishes;
  const server = createServer((incoming, response) => {
    const lose = (): void => void incoming.socket.destroy();
    if (left < 0) return lose();
    const onward = request(
      new URL(incoming.url ?? '/', registry),
      { method: incoming.method, headers: incoming.headers },
      (answer) => {
        if (incoming.method === 'PUT') left -= 1;
        if (left < 0) return lose();
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.once('error', lose);
    incoming.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
