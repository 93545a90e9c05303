import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { checkHealth, type HealthCheckOptions } from '../../src/dns/health-check.ts';

/** Long enough for a loaded machine, where no test waits for it to pass. */
const PLENTY_MS = 20_000;
const PLENTY = { connectMs: PLENTY_MS, statusMs: PLENTY_MS, bodyMs: PLENTY_MS };

async function listen<S extends net.Server>(server: S): Promise<S> {
  onTestFinished(() => void server.close());
  if ('closeAllConnections' in server)
    onTestFinished(() => void (server as unknown as http.Server).closeAllConnections());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const urlOf = (server: net.Server, scheme = 'http'): URL =>
  new URL(`${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/health`);
const app = async (handler: http.RequestListener): Promise<URL> => urlOf(await listen(http.createServer(handler)));
const lookAt = (url: URL, options: Partial<HealthCheckOptions> = {}) =>
  checkHealth(url, { allowances: PLENTY, signal: new AbortController().signal, ...options });

test.each([
  [200, 'passed'],
  [204, 'passed'],
  [302, 'passed'],
  [399, 'passed'],
  [400, 'bad-status'],
  [404, 'bad-status'],
  [503, 'bad-status'],
] as const)('the status %i: %s', async (status, reason) => {
  expect(await lookAt(await app((_request, response) => response.writeHead(status).end('x')))).toBe(reason);
});

test('a redirect passes and is not followed', async () => {
  const asked: (string | undefined)[] = [];
  const url = await app((request, response) => {
    asked.push(request.url);
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  expect(await lookAt(url)).toBe('passed');
  expect(asked).toEqual(['/health']);
});

test('every look opens a connection of its own and says who it plays', async () => {
  const ports = new Set<number | undefined>();
  const agents = new Set<string | undefined>();
  const url = await app((request, response) => {
    ports.add(request.socket.remotePort);
    agents.add(request.headers['user-agent']);
    response.end('pass');
  });
  for (let looks = 0; looks < 3; looks += 1) expect(await lookAt(url)).toBe('passed');
  expect(ports.size).toBe(3);
  expect([...agents]).toEqual([expect.stringMatching(/^Amazon-Route53-Health-Check-Service /)]);
});

test('nobody listens there', async () => {
  const server = await listen(net.createServer());
  const url = urlOf(server);
  await new Promise((done) => server.close(done));
  expect(await lookAt(url)).toBe('refused');
});

test('a connection that is never accepted is given up', async () => {
  // A process that is stopped with a full backlog: the kernel answers no further SYN.
  const child = spawn(
    process.execPath,
    [
      '-e',
      "const s = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => process.send(s.address().port))",
    ],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const [port] = (await once(child, 'message')) as [number];
  child.kill('SIGSTOP');
  // One fits into the backlog, or a few: by the time it is told, the others have been left waiting.
  const fillers = Array.from({ length: 16 }, () => net.connect(port, '127.0.0.1').on('error', () => {}));
  onTestFinished(() => {
    for (const socket of fillers) socket.destroy();
  });
  await Promise.race(fillers.map((socket) => once(socket, 'connect')));
  const url = new URL(`http://127.0.0.1:${port}/health`);
  expect(await lookAt(url, { allowances: { ...PLENTY, connectMs: 100 } })).toBe('connect-timeout');
});

test('an app that accepts and says nothing is given up', async () => {
  const url = urlOf(await listen(net.createServer(() => {})));
  expect(await lookAt(url, { allowances: { ...PLENTY, statusMs: 100 } })).toBe('status-timeout');
});

test('an answer that came while this process was busy is not late', async () => {
  // In a process of its own: this one is the busy one.
  const child = spawn(
    process.execPath,
    [
      '-e',
      "const s = require('http').createServer((q, r) => setTimeout(() => r.end('pass'), 150)).listen(0, '127.0.0.1', () => process.send(s.address().port))",
    ],
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  const [port] = (await once(child, 'message')) as [number];
  const outcome = lookAt(new URL(`http://127.0.0.1:${port}/`), { allowances: { ...PLENTY, statusMs: 400 } });
  await new Promise<void>((done) => setTimeout(done, 20));
  // Right before timers are due, and after what had arrived was read.
  await new Promise<void>((done) => {
    setImmediate(() => {
      const until = performance.now() + 1_000;
      while (performance.now() < until);
      done();
    });
  });
  expect(await outcome).toBe('passed');
});

test('what is no HTTP, and a connection that ends without a word, are broken', async () => {
  const babble = urlOf(await listen(net.createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'))));
  expect(await lookAt(babble)).toBe('broken');
  const mute = urlOf(await listen(net.createServer((socket) => socket.once('data', () => socket.destroy()))));
  expect(await lookAt(mute)).toBe('broken');
});

test('a certificate is not checked', async () => {
  const pem = (name: string) => readFileSync(new URL(`../fixtures/localhost-${name}.pem`, import.meta.url));
  const server = https.createServer({ cert: pem('cert'), key: pem('key') }, (_request, response) =>
    response.end('pass'),
  );
  expect(await lookAt(urlOf(await listen(server), 'https'))).toBe('passed');
});

test('a body without end is cut off, and passes by its status', async () => {
  const closed = deferred();
  const url = await app((_request, response) => {
    const write = (): void => {
      while (!response.destroyed && response.write('x'.repeat(1_024)));
      if (!response.destroyed) response.once('drain', write);
    };
    response.once('close', closed.resolve);
    write();
  });
  expect(await lookAt(url)).toBe('passed');
  await closed.promise;
});

test('the look is over when it is called off', async () => {
  const server = await listen(net.createServer(() => {}));
  const controller = new AbortController();
  const connected = once(server, 'connection') as Promise<[net.Socket]>;
  const outcome = lookAt(urlOf(server), { signal: controller.signal });
  const [socket] = await connected;
  const closed = once(socket.resume(), 'close');
  controller.abort();
  expect(await outcome).toBe('broken');
  await closed;
});

test.each([
  ['at the start', ['{"status":"pass"}'], 'passed'],
  ['across two pieces', ['{"status":"pa', 'ss"}'], 'passed'],
  ['ending with byte 5,120', ['x'.repeat(5_120 - 4), 'pass'], 'passed'],
  ['ending one byte later', ['x'.repeat(5_120 - 3), 'pass'], 'no-match'],
  ['nowhere', ['{"status":"fail"}'], 'no-match'],
] as const)('the search string %s: %s', async (_where, pieces, reason) => {
  const url = await app(async (_request, response) => {
    for (const piece of pieces) {
      response.write(piece);
      await new Promise((done) => setTimeout(done, 20));
    }
    response.end();
  });
  expect(await lookAt(url, { searchString: 'pass' })).toBe(reason);
});

test('the search string counts with a good status alone, and must come in time', async () => {
  const bad = await app((_request, response) => response.writeHead(503).end('pass'));
  expect(await lookAt(bad, { searchString: 'pass' })).toBe('bad-status');
  const slow = await app((_request, response) => void response.write('pa'));
  expect(await lookAt(slow, { searchString: 'pass', allowances: { ...PLENTY, bodyMs: 100 } })).toBe('no-match');
});

function deferred() {
  let resolve: () => void = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
