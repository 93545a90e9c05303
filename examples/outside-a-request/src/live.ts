import type { Server } from 'node:http';
import { type RegionKit, regionKitErrorOf } from 'regionkit';
import { type WebSocket, WebSocketServer } from 'ws';

/**
 * Notes over a websocket. Each message has the token of the client's last write, which came with the answer to its POST.
 * `{ "id": 1, "token": "…" }` is answered by `{ "id": 1, "region": "eu-west-1", "notes": […] }`.
 */
export function serveLive({ router, health }: Pick<RegionKit, 'router' | 'health'>, server: Server): void {
  const sockets = new WebSocketServer({ server, path: '/live', maxPayload: 4_096 });
  const notes = async (token: string | undefined): Promise<object> => {
    // A scope for each message, not for the connection: it may be open for days.
    const { rows } = await router.run({ token, access: 'read' }, () =>
      router.read<{ text: string }>('select text from notes order by id'),
    );
    return { region: router.self, notes: rows.map(({ text }) => text) };
  };
  const answer = async (socket: WebSocket, text: string): Promise<void> => {
    const message = read(text);
    if (message === undefined) return socket.close(1008, 'id and token are expected');
    // Refused: the standby here has not replayed the client's write yet. The client asks again.
    const result = await notes(message.token).catch((error) => ({ error: regionKitErrorOf(error)?.code ?? 'failed' }));
    socket.send(JSON.stringify({ id: message.id, ...result }));
  };
  sockets.on('connection', (socket) => {
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => void answer(socket, String(data)));
  });
  // 1012: the service restarts. The client connects again, and the balancer sends it to a process that stays.
  health.on('drain', ({ phase }) => {
    if (phase === 'draining') for (const socket of sockets.clients) socket.close(1012);
  });
}

function read(text: string): { readonly id: number; readonly token: string | undefined } | undefined {
  try {
    const { id, token } = JSON.parse(text) as { id?: unknown; token?: unknown };
    const isToken = token === undefined || typeof token === 'string';
    return typeof id === 'number' && isToken ? { id, token } : undefined;
  } catch {
    return undefined;
  }
}
