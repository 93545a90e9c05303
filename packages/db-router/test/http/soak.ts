/**
 * What is too long for the ordinary run: 1 GiB through the gate each way at constant memory, and 10,000 clients that go
 * away. Exits 1 if a bound is broken.
 *
 *     node --expose-gc --import tsx -C @regionkit/source packages/db-router/test/http/soak.ts
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { createWriteGate } from '../../src/http/index.ts';
import { regionsOf, SECRET, stubRouter } from './helpers.ts';

const MIB = 1024 * 1024;
const SIZE = 1024 * MIB;
const BOUND = 64 * MIB;
const CLIENTS = 10_000;
const PIECE = Buffer.alloc(64 * 1024, 'regionkit ');

type Job = 'upload' | 'download' | 'leave';

if (process.argv[2] === 'primary') servePrimary();
else if (process.argv[2] === 'client')
  process.on('message', ([job, port, size]: [Job, number, number]) => void runClient(job, port, size));
else await measure();

function child(role: 'primary' | 'client'): ChildProcess {
  return fork(new URL(import.meta.url), [role]);
}

/** Takes what is sent to it, and sends what it is asked for. */
function servePrimary(): void {
  const server = createServer((request, response) => {
    if (request.url === '/leave') {
      request.on('error', () => {}).resume();
      response.write('some');
      return;
    }
    let taken = 0;
    request.on('data', (chunk: Buffer) => {
      taken += chunk.length;
    });
    request.on('end', () => {
      const size = Number(request.headers['x-size'] ?? 0);
      if (size === 0) response.end(String(taken));
      else pour(response, size);
    });
  });
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
}

async function runClient(job: Job, port: number, size: number): Promise<void> {
  if (job === 'leave') {
    for (let at = 0; at < size; at += 50) await Promise.all(Array.from({ length: 50 }, () => leave(port)));
    process.send?.('left');
    return;
  }
  const headers = job === 'download' ? { 'x-size': size } : { 'content-length': size };
  const sent = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/', headers });
  if (job === 'upload') pour(sent, size);
  else sent.end();
  const [answer] = await once(sent, 'response');
  let got = 0;
  let text = '';
  for await (const chunk of answer) {
    got += chunk.length;
    if (job === 'upload') text += chunk;
  }
  process.send?.(job === 'upload' ? Number(text) : got);
}

function leave(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('POST /leave HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello');
    });
    socket.on('error', () => {});
    socket.on('data', () => socket.destroy());
    socket.on('close', () => resolve());
  });
}

function pour(into: NodeJS.WritableStream, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      const piece = PIECE.subarray(0, Math.min(left, PIECE.length));
      left -= piece.length;
      if (!into.write(piece)) {
        into.once('drain', more);
        return;
      }
    }
    into.end();
  };
  more();
}

async function measure(): Promise<void> {
  const [primary, client] = [child('primary'), child('client')];
  const [primaryPort] = (await once(primary, 'message')) as [number];
  const origins = { 'us-east-1': `http://127.0.0.1:${primaryPort}`, 'eu-west-1': 'http://127.0.0.1:1' };
  const router = stubRouter('eu-west-1');
  router.regions = regionsOf('eu-west-1', origins);
  const gate = createWriteGate({ router, forward: { secret: SECRET } });
  const server = createServer(gate.node((_request, response) => (response as { end(): void }).end()) as never);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const run = async (job: Job, size: number): Promise<unknown> => {
    client.send([job, port, size]);
    return (await once(client, 'message'))[0];
  };
  const resident = (): number => {
    globalThis.gc?.();
    return process.memoryUsage.rss();
  };

  let broken = false;
  for (const job of ['upload', 'download'] as const) {
    await run(job, 8 * MIB);
    const before = resident();
    let most = before;
    const timer = setInterval(() => {
      most = Math.max(most, process.memoryUsage.rss());
    }, 20);
    const began = performance.now();
    const moved = await run(job, SIZE);
    clearInterval(timer);
    const grown = most - before;
    broken ||= moved !== SIZE || grown > BOUND;
    const seconds = (performance.now() - began) / 1_000;
    console.log(
      `${job}: ${Number(moved) / MIB} MiB in ${seconds.toFixed(1)} s; resident memory grew by ${(grown / MIB).toFixed(1)} MiB at most`,
    );
  }

  const live = (): number => {
    globalThis.gc?.();
    return process.memoryUsage().heapUsed;
  };
  await run('leave', 1_000);
  const before = live();
  await run('leave', CLIENTS);
  while (gate.stats().inFlight > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const grown = live() - before;
  broken ||= grown > 4 * MIB;
  console.log(
    `${CLIENTS} clients went away: ${gate.stats().inFlight} forwards left; the heap grew by ${(grown / MIB).toFixed(1)} MiB`,
  );

  await gate.close();
  server.close();
  for (const process of [primary, client]) process.kill();
  console.log(broken ? 'a bound was broken' : 'within bounds');
  process.exitCode = broken ? 1 : 0;
}
