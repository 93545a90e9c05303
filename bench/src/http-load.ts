import type { Socket } from 'node:net';
import { createHistogram } from 'node:perf_hooks';
import { openSockets } from './open-sockets.ts';
import type { Sample } from './sample.ts';

export interface HttpLoad {
  readonly port: number;
  /** Keep-alive connections, one request in flight on each. */
  readonly connections: number;
  readonly durationMs: number;
  /** One whole request, as it goes over the wire. */
  readonly request: string;
  /** How the status line of a right answer begins: anything else fails the run. @default 'HTTP/1.1 200' */
  readonly expect?: string;
  /** Called once all connections are open, before the first request: opening them is no part of the load. */
  readonly opened?: () => Promise<void>;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n');

const CHUNKED = /\r\ntransfer-encoding: *chunked/i;

const endsWith = (bytes: Buffer, end: Buffer): boolean =>
  bytes.length >= end.length && bytes.compare(end, 0, end.length, bytes.length - end.length) === 0;

/**
 * Load over bare sockets: parsing as little as possible, so that the server is what is measured.
 * Answers must carry `Content-Length`, or be chunked and hold no last chunk within.
 */
export async function httpLoad(options: HttpLoad): Promise<Sample> {
  const { port, connections, durationMs, request, expect = 'HTTP/1.1 200', opened } = options;
  const bytes = Buffer.from(request, 'latin1');
  const latencyNs = createHistogram();
  const sockets = await openSockets(port, connections);
  await opened?.();
  const begin = performance.now();
  const end = begin + durationMs;

  const drive = async (socket: Socket): Promise<void> => {
    await new Promise<void>((done, fail) => {
      let startedAt = performance.now();
      let pending: Buffer = Buffer.alloc(0);
      socket.on('error', fail);
      socket.on('close', () => fail(new Error('the server closed a connection')));
      socket.on('data', (chunk: Buffer) => {
        pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
        const headEnd = pending.indexOf(HEAD_END);
        if (headEnd === -1) return;
        const head = pending.toString('latin1', 0, headEnd);
        const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
        const chunked = length === undefined && CHUNKED.test(head);
        if (!head.startsWith(expect) || (length === undefined && !chunked)) {
          fail(new Error(`unexpected answer: ${head}`));
          return;
        }
        if (chunked ? !endsWith(pending, LAST_CHUNK) : pending.length < headEnd + 4 + Number(length)) return;
        pending = Buffer.alloc(0);
        const now = performance.now();
        latencyNs.record(Math.max(1, Math.round((now - startedAt) * 1e6)));
        if (now >= end) {
          done();
          return;
        }
        startedAt = now;
        socket.write(bytes);
      });
      socket.write(bytes);
    }).finally(() => socket.destroy());
  };

  await Promise.all(sockets.map(drive));
  return {
    requests: latencyNs.count,
    opsPerSecond: (latencyNs.count / (performance.now() - begin)) * 1_000,
    p50Ms: latencyNs.percentile(50) / 1e6,
    p99Ms: latencyNs.percentile(99) / 1e6,
  };
}
