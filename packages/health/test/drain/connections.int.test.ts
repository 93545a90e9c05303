import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type AnyServer, createDrain, createHealth, type Drain, type DrainOptions } from '../../src/index.ts';
import { deferred, threeRegions } from '../helpers/fixtures.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function listen(server: AnyServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

function drainOf(
  server: AnyServer,
  options: Partial<DrainOptions> = {},
): { drain: Drain; cut: () => number | undefined } {
  const health = createHealth({ regions: threeRegions() });
  const drain = createDrain(health, {
    servers: [server],
    signals: [],
    notReadyForMs: 0,
    graceMs: 10_000,
    idleMs: 50,
    exit: () => {},
    ...options,
  });
  let cut: number | undefined;
  drain.on('drain-step', (event) => {
    cut = event.cut ?? cut;
  });
  closers.push(() => health.close());
  return { drain, cut: () => cut };
}

/** A connection on which requests are written by hand. */
async function connect(
  port: number,
): Promise<{ socket: net.Socket; write(text: string): void; heard(): string; closed: Promise<string> }> {
  const socket = net.connect(port, '127.0.0.1');
  let heard = '';
  let end = 'closed';
  socket.on('data', (chunk) => {
    heard += String(chunk);
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    end = error.code ?? 'error';
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  closers.push(() => socket.destroy());
  return {
    socket,
    write: (text) => socket.write(text),
    heard: () => heard,
    closed: new Promise((resolve) => socket.on('close', () => resolve(end))),
  };
}

const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

test('an answer that was under way when the drain began tells its client not to come back', async () => {
  const hang = deferred();
  const server = http.createServer((_request, response) => {
    void hang.promise.then(() => response.end('late'));
  });
  const port = await listen(server);
  const { drain } = drainOf(server);
  const client = await connect(port);
  client.write(GET);
  await new Promise((resolve) => server.once('request', resolve));
  const left = drain.start();
  await expect.poll(() => drain.step).toBe('closing');
  expect(server.listening).toBe(false);
  hang.resolve();
  expect(await client.closed).toBe('closed');
  expect(client.heard()).toMatch(/^HTTP\/1\.1 200 [\s\S]*Connection: close[\s\S]*late/i);
  await left;
});

test('an idle kept connection is answered once more if it asks while it may, and is not cut under its client', async () => {
  const server = http.createServer((_request, response) => response.end('ok'));
  const port = await listen(server);
  const { drain } = drainOf(server, { idleMs: 60_000 });
  const client = await connect(port);
  client.write(GET);
  await expect.poll(client.heard).toContain('ok');
  expect(client.heard()).not.toMatch(/connection: close/i);
  const left = drain.start();
  await expect.poll(() => drain.step).toBe('closing');
  client.write(GET);
  expect(await client.closed).toBe('closed');
  expect(client.heard().match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  expect(client.heard()).toMatch(/connection: close/i);
  await left;
});

test('an idle connection that nobody uses is closed after a while, politely', async () => {
  const server = http.createServer((_request, response) => response.end('ok'));
  const port = await listen(server);
  const { drain, cut } = drainOf(server);
  const unused = await connect(port);
  const used = await connect(port);
  used.write(GET);
  await expect.poll(used.heard).toContain('ok');
  await drain.start();
  expect([await unused.closed, await used.closed, cut()]).toEqual(['closed', 'closed', 0]);
});

test('a request of which only the head has begun to arrive is waited for', async () => {
  const server = http.createServer((_request, response) => response.end('ok'));
  const port = await listen(server);
  const { drain } = drainOf(server, { idleMs: 0 });
  const client = await connect(port);
  client.write(GET);
  await expect.poll(client.heard).toContain('ok');
  client.write('GET / HTTP/1.1\r\nHo');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const left = drain.start();
  await expect.poll(() => drain.step).toBe('closing');
  await new Promise((resolve) => setTimeout(resolve, 120));
  client.write('st: x\r\n\r\n');
  await client.closed;
  expect(client.heard().match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  await left;
});

test.each(['before', 'after'] as const)(
  'pipelined requests that came in %s the drain began are all answered',
  async (when) => {
    const hang = deferred();
    let requests = 0;
    const server = http.createServer((request, response) => {
      requests += 1;
      void hang.promise.then(() => response.end(`answer to ${request.url}`));
    });
    const port = await listen(server);
    const { drain } = drainOf(server);
    const client = await connect(port);
    client.write('GET /1 HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => requests).toBe(1);
    const rest = (): void => client.write('GET /2 HTTP/1.1\r\nHost: x\r\n\r\nGET /3 HTTP/1.1\r\nHost: x\r\n\r\n');
    if (when === 'before') rest();
    if (when === 'before') await expect.poll(() => requests).toBe(3);
    const left = drain.start();
    await expect.poll(() => drain.step).toBe('closing');
    if (when === 'after') rest();
    await expect.poll(() => requests).toBe(3);
    hang.resolve();
    expect(await client.closed).toBe('closed');
    await left;
    expect(client.heard().match(/answer to \/\d/g)).toEqual(['answer to /1', 'answer to /2', 'answer to /3']);
    expect(client.heard().match(/connection: close/gi)).toHaveLength(1);
  },
);

test('what never ends is cut at the end of the grace: a stream, an upgraded connection', async () => {
  const server = http.createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('data: 1\n\n');
  });
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  });
  const port = await listen(server);
  const { drain, cut } = drainOf(server, { graceMs: 300, idleMs: 0 });
  const events = await connect(port);
  events.write(GET);
  const websocket = await connect(port);
  websocket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await expect.poll(events.heard).toContain('data: 1');
  await expect.poll(websocket.heard).toContain('101');
  await drain.start();
  await Promise.all([events.closed, websocket.closed]);
  expect(cut()).toBe(2);
});

test('HTTP/2: streams that were begun are finished, and the client is told to go', async () => {
  const hang = deferred();
  const server = http2.createServer((_request, response) => {
    void hang.promise.then(() => response.end('late'));
  });
  const port = await listen(server);
  const { drain, cut } = drainOf(server);
  const session = http2.connect(`http://127.0.0.1:${port}`);
  const goaway = new Promise((resolve) => session.on('goaway', resolve));
  const stream = session.request({ ':path': '/' });
  let body = '';
  stream.on('data', (chunk) => {
    body += String(chunk);
  });
  const ended = new Promise((resolve) => stream.on('end', resolve));
  await new Promise((resolve) => server.once('request', resolve));
  const left = drain.start();
  await goaway;
  hang.resolve();
  await ended;
  await left;
  expect([body, cut()]).toEqual(['late', 0]);
});

test('over TLS: what is under way is finished, what is idle and what never finished its handshake is closed', async () => {
  const read = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');
  const hang = deferred();
  const server = https.createServer(
    { key: read('localhost-key.pem'), cert: read('localhost-cert.pem') },
    (request, response) => {
      if (request.url === '/quick') response.end('quick');
      else void hang.promise.then(() => response.end('late'));
    },
  );
  const port = await listen(server);
  const { drain, cut } = drainOf(server, { graceMs: 1_000 });
  const agent = new https.Agent({ keepAlive: true, ca: read('localhost-cert.pem') });
  closers.push(() => agent.destroy());
  const get = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      https
        .get({ host: 'localhost', port, path, agent, family: 4 }, (response) => {
          response.on('data', (chunk) => resolve(`${response.headers.connection} ${chunk}`));
        })
        .on('error', reject);
    });
  const late = get('/late');
  await new Promise((resolve) => server.once('request', resolve));
  expect(await get('/quick')).toBe('keep-alive quick');
  const silent = await connect(port);
  const left = drain.start();
  await expect.poll(() => drain.step).toBe('closing');
  hang.resolve();
  expect(await late).toBe('close late');
  await left;
  expect(cut()).toBe(0);
  silent.socket.destroy();
});

test('a server that is added while the drain is under way drains too', async () => {
  const server = http.createServer((_request, response) => response.end('ok'));
  const { drain } = drainOf(http.createServer(), { notReadyForMs: 300 });
  const port = await listen(server);
  const left = drain.start();
  drain.server(server);
  const client = await connect(port);
  client.write(GET);
  await client.closed;
  expect(client.heard()).toMatch(/connection: close/i);
  await left;
  expect(server.listening).toBe(false);
});
