import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net, { type AddressInfo } from 'node:net';
import { type Clock, systemClock } from '@regionkit/core/kit';
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
  const drain = createDrain({
    health,
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

/** Each way an app, a proxy or a framework writes the field itself. */
const WRITERS: readonly (readonly [string, (response: http.ServerResponse) => void])[] = [
  ['setHeader', (response) => response.setHeader('Connection', 'keep-alive')],
  ['setHeader and writeHead', (response) => response.setHeader('connection', 'keep-alive').writeHead(200, { a: 'b' })],
  ['writeHead of an object', (response) => response.writeHead(200, { Connection: 'keep-alive' })],
  [
    'writeHead with a reason',
    (response) => response.writeHead(200, 'Fine', { 'Content-Type': 'x/y', connection: 'Keep-Alive' }),
  ],
  ['writeHead of a list', (response) => response.writeHead(200, ['A', 'b', 'Connection', 'keep-alive'])],
  [
    'writeHead of pairs',
    (response) =>
      response.writeHead(200, [
        ['A', 'b'],
        ['Connection', 'keep-alive'],
      ] as never),
  ],
  [
    'an event stream',
    (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'keep-alive' }).flushHeaders();
    },
  ],
  ['nothing', () => {}],
];
test.each(WRITERS)(
  'an answer that writes its own Connection: keep-alive is closed all the same: %s',
  async (_, write) => {
    const hang = deferred();
    const server = http.createServer((request, response) => {
      void (request.url === '/late' ? hang.promise : Promise.resolve()).then(() => {
        write(response);
        response.end('ok');
      });
    });
    const port = await listen(server);
    const { drain, cut } = drainOf(server, { notReadyForMs: 60_000, clock: turning() });
    const [early, before, late] = [await connect(port), await connect(port), await connect(port)];
    before.write(GET);
    await expect.poll(before.heard).toContain('ok');
    expect(before.heard()).not.toMatch(/connection: close/i);
    late.write(GET.replace('/', '/late'));
    await new Promise((resolve) => server.once('request', resolve));
    const left = drain.start();
    early.write(GET);
    before.write(GET);
    hang.resolve();
    for (const { closed, heard } of [early, before, late]) {
      expect(await closed).toBe('closed');
      expect(heard()).toMatch(/^connection: close\r?$/im);
      expect(heard().match(/^connection: keep-alive/gim) ?? []).toHaveLength(
        heard().match(/HTTP\/1\.1 /g)?.length === 2 ? 1 : 0,
      );
    }
    turn();
    await left;
    expect(cut()).toBe(0);
  },
);

let turn = (): void => {};
/** The real clock, on which the wait while not ready ends when `turn` is called. */
function turning(): Clock {
  return {
    ...systemClock,
    schedule: (run, delayMs) => {
      if (delayMs !== 60_000) return systemClock.schedule(run, delayMs);
      turn = run;
      return () => {};
    },
  };
}

test('an upgrade that is answered late keeps its field', async () => {
  const server = http.createServer((_request, response) => {
    response.writeHead(426, { Connection: 'Upgrade', Upgrade: 'websocket' }).end();
  });
  const port = await listen(server);
  const { drain } = drainOf(server, { notReadyForMs: 60_000, clock: turning() });
  const left = drain.start();
  const client = await connect(port);
  client.write(GET);
  await expect.poll(client.heard).toMatch(/^connection: upgrade/im);
  client.socket.destroy();
  turn();
  await left;
});

test('HTTP/2: a client is told to go while the process still serves, at a moment when it asks nothing', async () => {
  const hang = deferred();
  const server = http2.createServer((request, response) => {
    void (request.url === '/late' ? hang.promise : Promise.resolve()).then(() => response.end('ok'));
  });
  const port = await listen(server);
  const { drain, cut } = drainOf(server, { notReadyForMs: 60_000, clock: turning() });
  const get = (session: http2.ClientHttp2Session, path = '/'): Promise<string> =>
    new Promise((resolve) => {
      const stream = session.request({ ':path': path });
      stream.on('data', (chunk) => resolve(String(chunk)));
      stream.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code} ${stream.rstCode}`));
    });
  const open = async () => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    let told = false;
    session.once('goaway', () => {
      told = true;
    });
    await new Promise((resolve) => session.once('connect', resolve));
    closers.push(() => session.destroy());
    return { session, isTold: () => told };
  };
  const quiet = await open();
  const busy = await open();
  expect(await Promise.all([get(quiet.session), get(busy.session)])).toEqual(['ok', 'ok']);
  const late = get(busy.session, '/late');
  await new Promise((resolve) => server.once('request', resolve));
  const left = drain.start();
  await expect.poll(quiet.isTold).toBe(true);
  expect([busy.isTold(), drain.step, server.listening]).toEqual([false, 'not-ready', true]);
  expect(await get(busy.session)).toBe('ok');
  // A client that comes now is served, and told after that.
  const newcomer = await open();
  expect(await get(newcomer.session)).toBe('ok');
  await expect.poll(newcomer.isTold).toBe(true);
  hang.resolve();
  expect(await late).toBe('ok');
  await expect.poll(busy.isTold).toBe(true);
  expect(drain.step).toBe('not-ready');
  turn();
  await left;
  expect(cut()).toBe(0);
});

test('HTTP/2: a session that arrives while the server is stopping ends too', async () => {
  const hang = deferred();
  const server = http2.createServer((_request, response) => void hang.promise.then(() => response.end('late')));
  const port = await listen(server);
  const { drain, cut } = drainOf(server, { graceMs: 600_000 });
  const held = http2.connect(`http://127.0.0.1:${port}`);
  closers.push(() => held.destroy());
  const stream = held.request({ ':path': '/' });
  await new Promise((resolve) => server.once('request', resolve));
  const left = drain.start();
  await expect.poll(() => drain.step).toBe('closing');
  // Accepted before the server stopped to listen, and given to us after that.
  const [client, accepted] = await pipe();
  server.emit('connection', accepted);
  const late = http2.connect('http://127.0.0.1', { createConnection: () => client });
  await new Promise((resolve) => late.once('close', resolve));
  expect(drain.step).toBe('closing');
  hang.resolve();
  stream.resume();
  await left;
  expect(cut()).toBe(0);
});

/** Both ends of one connection. */
async function pipe(): Promise<[net.Socket, net.Socket]> {
  const between = net.createServer();
  const port = await new Promise<number>((resolve) =>
    between.listen(0, '127.0.0.1', () => resolve((between.address() as AddressInfo).port)),
  );
  const accepted = new Promise<net.Socket>((resolve) => between.once('connection', resolve));
  const client = net.connect(port, '127.0.0.1');
  closers.push(
    () => between.close(),
    () => client.destroy(),
  );
  return [client, await accepted];
}

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
