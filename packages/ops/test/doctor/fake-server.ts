import { createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { onTestFinished } from 'vitest';

/** What stands in the one row and column of the answer. A text is sent as it is, anything else as JSON. Bytes are the whole answer. */
export type FakeRow = () => unknown;

/**
 * A PostgreSQL that logs everybody in and answers every statement with one row of JSON: for what real servers on one
 * machine cannot have, such as two clocks or two versions of ICU, and for a server that means harm.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 *
 * @returns its connection string
 */
export async function fakeServer(row: FakeRow, tls?: { readonly key: string; readonly cert: string }): Promise<string> {
  const sockets = new Set<Socket>();
  const serve = (socket: Socket): void => {
    let isStarted = false;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (!isStarted) {
        isStarted = true;
        socket.write(Buffer.concat([message('R', int32(0)), READY]));
      } else if (data[0] === 'Q'.charCodeAt(0)) {
        socket.write(answer(row()));
      }
    });
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    if (tls === undefined) return serve(socket);
    socket.once('data', () => {
      socket.write('S');
      serve(new TLSSocket(socket, { isServer: true, ...tls }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `postgres://monitor:secret@127.0.0.1:${(server.address() as { port: number }).port}/app`;
}

const JSON_TYPE = 114;

function int32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32BE(value);
  return buffer;
}

export function message(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type), int32(body.length + 4), body]);
}

const READY = message('Z', Buffer.from('I'));

function answer(content: unknown): Buffer {
  if (Buffer.isBuffer(content)) return content;
  const value = Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
  const column = Buffer.concat([
    Buffer.from('facts\0'),
    int32(0),
    Buffer.from([0, 0]),
    int32(JSON_TYPE),
    Buffer.from([0xff, 0xff]),
    int32(-1),
    Buffer.from([0, 0]),
  ]);
  return Buffer.concat([
    message('T', Buffer.concat([Buffer.from([0, 1]), column])),
    message('D', Buffer.concat([Buffer.from([0, 1]), int32(value.length), value])),
    message('C', Buffer.from('SELECT 1\0')),
    READY,
  ]);
}
