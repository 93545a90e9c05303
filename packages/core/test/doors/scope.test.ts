import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { withDoors } from '../../src/index.ts';
import { overHttp } from './hosts/clients.ts';

const scopes = new AsyncLocalStorage<string>();
const ofTheApp = new AsyncLocalStorage<string>();
const door = withDoors({
  decide: () => ({ action: 'next', reason: 'test', scope: (run) => scopes.run('inside', run) }),
});

const BODIES = {
  'without a body': { method: 'GET' },
  'with a body': { method: 'POST', body: 'hello' },
  'with a body in chunks': { method: 'POST', body: 'hello', headers: { 'transfer-encoding': 'chunked' } },
  'that says its body is empty': { method: 'POST', headers: { 'content-length': '0' } },
} as const;
const WHEN = {
  'at once': () => undefined,
  'in a later tick': () => new Promise((turn) => setImmediate(turn)),
  'after a promise': () => Promise.resolve(),
} as const;

/** What both storages hold in the events of a request. */
async function heldIn(of: keyof typeof BODIES, when: keyof typeof WHEN, closing: boolean): Promise<readonly string[]> {
  const held = new Set<string>();
  const hold = (): void => void held.add(`${ofTheApp.getStore()} ${scopes.getStore()}`);
  let answered: () => void = () => {};
  const all = new Promise<void>((done) => {
    answered = done;
  });
  const handler = door.node((request: http.IncomingMessage, response: http.ServerResponse) => {
    const listen = (): void => {
      request.on('data', hold);
      request.on('end', () => {
        hold();
        response.end('read');
        if (!closing) answered();
      });
      if (closing)
        request.on('close', () => {
          hold();
          answered();
        });
    };
    const later = WHEN[when]();
    if (later === undefined) listen();
    else void later.then(listen);
  });
  const running = await overHttp(
    http.createServer((request, response) => ofTheApp.run('app', () => void handler(request, response))),
  );
  await running.send({ path: '/', ...BODIES[of] });
  await all;
  await running.close();
  return [...held];
}

test.each(Object.keys(BODIES).flatMap((of) => Object.keys(WHEN).map((when) => [of, when] as const)))(
  'the events of a request %s that listens %s are emitted in its scope',
  async (of, when) => {
    expect(await heldIn(of as keyof typeof BODIES, when as keyof typeof WHEN, false)).toEqual(['app inside']);
  },
);

test.each(Object.keys(BODIES))('so is the close of a request %s', async (of) => {
  expect(await heldIn(of as keyof typeof BODIES, 'at once', true)).toEqual(['app inside']);
});

/** Sends the head of a request, and tells what both storages hold in an event that comes from the connection. */
async function heldFromOutside(
  head: string,
  listen: (request: http.IncomingMessage, hold: () => void) => void,
  then: (client: net.Socket) => void,
): Promise<unknown> {
  const client = new net.Socket();
  const held = new Promise((resolve) => {
    const handler = door.node((request: http.IncomingMessage) => {
      listen(request, () => resolve(`${ofTheApp.getStore()} ${scopes.getStore()}`));
      setImmediate(then, client);
    });
    const server = http.createServer((request, response) => ofTheApp.run('app', () => void handler(request, response)));
    client.on('close', () => server.close());
    server.listen(0, '127.0.0.1', () => {
      client.connect((server.address() as AddressInfo).port, '127.0.0.1', () => void client.write(head));
    });
  });
  const result = await held;
  client.destroy();
  return result;
}

test.each([
  ['without a body', 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['with a body', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n'],
])('so is the end of the connection under a request %s', async (_of, head) => {
  const gone = (client: net.Socket): void => void client.destroy();
  expect(await heldFromOutside(head, (request, hold) => request.on('close', hold), gone)).toBe('app inside');
});

test('so is the end of nothing, for a reader that waits for it', async () => {
  const read = (request: http.IncomingMessage, hold: () => void): void => {
    request.on('readable', () => {
      hold();
      request.read();
    });
  };
  expect(await heldFromOutside('GET / HTTP/1.1\r\nHost: x\r\n\r\n', read, () => {})).toBe('app inside');
});

test.each(Object.keys(BODIES))(
  'two doors that are mounted apart both keep their scope for a request %s',
  async (of) => {
    const outer = withDoors({
      decide: () => ({ action: 'next', reason: 'test', scope: (run) => ofTheApp.run('outer', run) }),
    });
    const handler = door.node((request: http.IncomingMessage, response: http.ServerResponse) => {
      request.on('data', () => {});
      request.on('end', () => response.end(`${ofTheApp.getStore()} ${scopes.getStore()}`));
    });
    const both = outer.node(handler);
    const running = await overHttp(http.createServer((request, response) => void both(request, response)));
    const { body } = await running.send({ path: '/', ...BODIES[of as keyof typeof BODIES] });
    await running.close();
    expect(body).toBe('outer inside');
  },
);

test.each(['on', 'once', 'addListener'] as const)(
  'a listener that is added late, by %s, is not called in the scope of the request before it on the connection',
  async (add) => {
    const both = withDoors({
      decide: ({ path }) => ({ action: 'next', reason: 'test', scope: (run) => scopes.run(path, run) }),
    });
    const closed: (readonly [path: string | undefined, scope: string | undefined])[] = [];
    let first: http.ServerResponse | undefined;
    let allClosed: () => void = () => {};
    const all = new Promise<void>((done) => {
      allClosed = done;
    });
    const handler = both.node((request: http.IncomingMessage, response: http.ServerResponse) => {
      setImmediate(() => {
        request[add]('close', () => {
          closed.push([request.url, scopes.getStore()]);
          if (closed.length === 2) allClosed();
        });
        // The second answer waits for the first, on the same connection.
        if (request.url === '/1') return;
        response.end('second');
        first?.end('first');
      });
      first ??= response;
    });
    const server = http.createServer((request, response) => void handler(request, response));
    const client = new net.Socket();
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      const pipelined = ['/1', '/2'].map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join('');
      client.connect(port, '127.0.0.1', () => void client.write(pipelined));
    });
    await all;
    client.destroy();
    server.close();
    expect(closed).toEqual([
      ['/1', '/1'],
      ['/2', '/2'],
    ]);
  },
);

test('a request that nothing listens to gets no async resource of its own: Node adds a listener to each', async () => {
  const made: string[] = [];
  const hook = createHook({ init: (_id, type) => void made.push(type) });
  const handler = door.node((_request: http.IncomingMessage, response: http.ServerResponse) => {
    setImmediate(() => response.end('done'));
  });
  const running = await overHttp(http.createServer((request, response) => void handler(request, response)));
  hook.enable();
  const { body } = await running.send({ path: '/', method: 'GET' });
  hook.disable();
  await running.close();
  expect(body).toBe('done');
  expect(made).not.toContain('regionkit.request');
});
