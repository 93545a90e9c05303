import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { NodeView, pathOf } from '../../src/doors/node-view.ts';
import { type Decision, withDoors } from '../../src/index.ts';

function exchange(url = '/', rawHeaders: string[] = []) {
  const request = new IncomingMessage(new Socket());
  Object.assign(request, { url, rawHeaders, method: 'GET', httpVersion: '1.1', httpVersionMajor: 1 });
  return { request, response: new ServerResponse(request) };
}

test.each([
  ['/', '/'],
  ['/a/b?c=/d', '/a/b'],
  ['/a#b?c', '/a'],
  ['?x', '/'],
  ['', '/'],
  ['//evil.example/x', '//evil.example/x'],
  ['/\\evil', '/\\evil'],
  ['http://evil.example/a?b', '/a'],
  ['HTTPS://evil.example', '/'],
  ['http://evil.example?x', '/'],
  ['*', '*'],
  ['evil.example:443', 'evil.example:443'],
])('the path of the target %j is %j', (target, path) => {
  expect(pathOf(target)).toBe(path);
});

test('the target is as it was sent, however hostile', () => {
  for (const url of ['//evil.example/x', '/\\evil.example', 'http://evil.example/x', '*', '/%0d%0a', '/\u00ff']) {
    const { request, response } = exchange(url);
    expect(new NodeView(request, response).target).toBe(url);
  }
});

describe('header()', () => {
  test('finds a field in any case, in order', () => {
    const { request, response } = exchange('/', ['Cookie', 'a=1', 'COOKIE', 'b=2', 'Cookies', 'c=3', 'cookie', 'd=4']);
    expect(new NodeView(request, response).header('cookie')).toEqual(['a=1', 'b=2', 'd=4']);
  });

  test('takes what an adapter has filled in when nothing was sent as such', () => {
    const { request, response } = exchange();
    request.headers = { host: 'app.example.com', cookie: 'a=1', 'set-cookie': ['x', 'y'] };
    const view = new NodeView(request, response);
    expect(view.header('cookie')).toEqual(['a=1']);
    expect(view.header('set-cookie')).toEqual(['x', 'y']);
    expect(view.header('accept')).toEqual([]);
    expect(view.host).toBe('app.example.com');
  });

  test('finds what a plain search finds, whatever the names and values are', () => {
    const name = fc.oneof(
      fc.constantFrom('Cookie', 'COOKIE', 'cookie', 'Host', 'X-Region-Hop', 'Upgrade', 'A', 'a', 'B', ''),
      fc.string({ maxLength: 20 }),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.string()), { minLength: 1 }), fc.array(name), (fields, asked) => {
        const { request, response } = exchange('/', fields.flat());
        const view = new NodeView(request, response);
        for (const wanted of [...asked, ...fields.map(([field]) => field)].map(asciiLowerCase)) {
          const expected = fields.filter(([field]) => asciiLowerCase(field) === wanted).map(([, value]) => value);
          expect(view.header(wanted)).toEqual(expected);
        }
      }),
    );
  });
  const asciiLowerCase = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

  test('never gives away an array that can be changed for others', () => {
    const { request, response } = exchange('/', ['A', '1']);
    expect(Object.isFrozen(new NodeView(request, response).header('none'))).toBe(true);
  });
});

test.each([
  [['Host', 'a.example'], 'a.example'],
  [['host', 'a.example', 'HOST', 'b.example'], undefined],
  [['Host', 'a.example', 'Host', 'a.example'], undefined],
  [['Accept', 'x'], undefined],
  [[':authority', 'evil.example', 'Host', 'a.example'], 'a.example'],
])('the host of %j over HTTP/1.1 is %j', (rawHeaders, host) => {
  const { request, response } = exchange('/', rawHeaders);
  expect(new NodeView(request, response).host).toBe(host);
});

describe('a request nobody watches', () => {
  test('gets no listener, no patch and no controller', () => {
    const { request, response } = exchange('/', ['Host', 'a.example']);
    const before = response.eventNames();
    const door = withDoors({
      decide: ({ path, host, target }): Decision => ({ action: 'next', reason: `${path}${host}${target}` }),
    });
    let handled = 0;
    door.node(() => {
      handled += 1;
    })(request, response);
    expect(handled).toBe(1);
    expect(response.eventNames()).toEqual(before);
    expect(Object.hasOwn(response, 'writeHead')).toBe(false);
    expect(Object.hasOwn(request, 'emit')).toBe(false);
  });

  test('goes on in the same turn', () => {
    const { request, response } = exchange();
    const turns: string[] = [];
    const door = withDoors({ decide: (): Decision => ({ action: 'next', reason: 'x' }) });
    door.express()(request, response, () => turns.push('next'));
    turns.push('after');
    expect(turns).toEqual(['next', 'after']);
  });
});

describe('signal', () => {
  test('is one and the same, and made when it is asked for', () => {
    const { request, response } = exchange();
    const view = new NodeView(request, response);
    expect(response.listenerCount('close')).toBe(0);
    expect(view.signal).toBe(view.signal);
    expect(response.listenerCount('close')).toBe(1);
  });

  test('asked for after the client went away is aborted, and after a whole answer is not', () => {
    const gone = exchange();
    gone.response.destroy();
    expect(new NodeView(gone.request, gone.response).signal.aborted).toBe(true);
    const done = exchange();
    Object.defineProperty(done.response, 'writableFinished', { value: true });
    done.response.destroy();
    expect(new NodeView(done.request, done.response).signal.aborted).toBe(false);
  });
});

test('a `next` that throws late leaves no rejection behind, and the request is answered, which is told', async () => {
  const { request, response } = exchange();
  const failures: unknown[] = [];
  const note = (failure: unknown): void => void failures.push(failure);
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  subscribe('regionkit:core:failure', note);
  const door = withDoors({ decide: async (): Promise<Decision> => ({ action: 'next', reason: 'x' }) });
  door.node()(request, response, () => {
    throw new Error('a bug');
  });
  await new Promise((resolve) => setImmediate(resolve));
  unsubscribe('regionkit:core:failure', note);
  expect(response.statusCode).toBe(503);
  expect(response.writableEnded).toBe(true);
  expect(failures).toEqual([{ part: 'next', error: new Error('a bug') }]);
  expect(warned.mock.calls).toEqual([
    [
      expect.stringContaining('the client got 503'),
      { code: 'REGIONKIT_DOOR_FAILED', detail: expect.stringContaining('a bug') },
    ],
  ]);
  warned.mockRestore();
});

test('a listener that throws or rejects does so as if there were no door', async () => {
  const door = withDoors({ decide: (): Decision => ({ action: 'next', reason: 'x', scope: (run) => run() }) });
  const { request, response } = exchange();
  const boom = new Error('of the app');
  expect(() =>
    door.node(() => {
      throw boom;
    })(request, response),
  ).toThrow(boom);
  await expect(door.node(() => Promise.reject(boom))(request, response)).rejects.toBe(boom);
});
