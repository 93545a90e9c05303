import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { handlerOfArguments } from '../edge/handler.ts';
import { mainThreadMicros } from '../main-thread.ts';
import { serving } from '../server-process.ts';

/**
 * Requests to node:http over connections in memory. A loopback connection costs several times what the doors do, and
 * more or less of it by how busy the client is: here nothing but the server's own work is measured.
 */
const CONNECTIONS = 32;
const ROUND_MS = 40;
const WARM_UP_MS = 800;
const [, , , , , request = ''] = process.argv;
const bytes = Buffer.from(request, 'latin1');
let running = false;
let answers = 0;

class MemorySocket extends Duplex {
  override _read(): void {}
  override _write(_chunk: Buffer, _encoding: string, done: () => void): void {
    this.#answered(done);
  }
  override _writev(_chunks: unknown, done: () => void): void {
    this.#answered(done);
  }
  setTimeout(): this {
    return this;
  }
  #answered(done: () => void): void {
    answers += 1;
    if (running) setImmediate(() => this.push(bytes));
    done();
  }
}

const server = createServer(await handlerOfArguments());
const sockets = Array.from({ length: CONNECTIONS }, () => {
  const socket = new MemorySocket();
  server.emit('connection', socket);
  return socket;
});

async function round(durationMs: number): Promise<number> {
  answers = 0;
  const micros = await mainThreadMicros(async () => {
    running = true;
    for (const socket of sockets) socket.push(bytes);
    await sleep(durationMs);
    running = false;
  });
  return micros / answers;
}

await round(WARM_UP_MS);
serving(0, async () => ({ mainMicrosPerOp: await round(ROUND_MS) }));
