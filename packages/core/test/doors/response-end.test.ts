import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { onResponseEnd, responseEnd } from '../../src/doors/response-end.ts';
import type { NodeResponse } from '../../src/index.ts';
import { eventually } from './hosts/host.ts';

const BIG = Buffer.alloc(16 * 1_024 * 1_024);
const ends: { readonly path: string; readonly aborted: boolean; readonly known: string }[] = [];
const endOf = async (path: string): Promise<unknown> => {
  await eventually(() => ends.filter((end) => end.path === path)).toHaveLength(1);
  // Nothing more is told of it later.
  await new Promise((resolve) => setImmediate(resolve));
  expect(ends.filter((end) => end.path === path)).toHaveLength(1);
  return ends.find((end) => end.path === path);
};

function answer(request: http.IncomingMessage, response: http.ServerResponse): void {
  const path = request.url ?? '';
  expect(responseEnd(response)).toBe('under way');
  onResponseEnd(response, (aborted) => {
    setImmediate(() => ends.push({ path, aborted, known: responseEnd(response) }));
  });
  if (path.includes('/whole')) response.end('x');
  else if (path.includes('/empty')) response.writeHead(204).end();
  else if (path.includes('/big')) response.end(BIG);
  else if (path.includes('/part')) response.write('x');
  else if (path.includes('/refuse')) response.destroy();
}

const WHOLE = { aborted: false, known: 'whole' };
const CUT = { aborted: true, known: 'cut short' };

describe('the end of a response over HTTP/1.1', () => {
  const server = http.createServer(answer);
  let port = 0;
  beforeAll(async () => {
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => void server.close().closeAllConnections());

  /** Speaks raw bytes, so that nothing is read that nobody asked for. */
  const dial = (...lines: string[]): net.Socket => {
    const socket = net.connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`${lines.join('\r\n')}\r\nHost: app.example.com\r\n\r\n`);
    return socket;
  };

  test.each([
    ['a whole answer', 'GET', '/whole/1'],
    ['a whole answer without a body', 'GET', '/empty/1'],
    ['the answer to HEAD', 'HEAD', '/whole/2'],
  ])('is whole after %s, with and without keep-alive', async (_what, method, path) => {
    const socket = dial(`${method} ${path} HTTP/1.1`);
    socket.resume();
    expect(await endOf(path)).toMatchObject(WHOLE);
    dial(`${method} ${path}/close HTTP/1.1`, 'Connection: close').resume();
    expect(await endOf(`${path}/close`)).toMatchObject(WHOLE);
    socket.destroy();
  });

  test('is whole after a big answer was read', async () => {
    const socket = dial('GET /big/read HTTP/1.1');
    socket.resume();
    expect(await endOf('/big/read')).toMatchObject(WHOLE);
    socket.destroy();
  });

  test.each(['/big/cut', '/part/cut'])('is early when the client stops reading %s and goes away', async (path) => {
    const socket = dial(`GET ${path} HTTP/1.1`);
    socket.once('data', () => {
      socket.pause();
      socket.resetAndDestroy();
    });
    expect(await endOf(path)).toMatchObject({ aborted: true });
  });

  test('is early when the client goes away before there is an answer', async () => {
    const socket = dial('GET /hang HTTP/1.1');
    await new Promise((arrived) => server.once('request', arrived));
    socket.destroy();
    expect(await endOf('/hang')).toMatchObject(CUT);
  });

  test('is early when the app itself gives up', async () => {
    dial('GET /refuse HTTP/1.1');
    expect(await endOf('/refuse')).toMatchObject(CUT);
  });

  test('is early for what was pipelined behind an answer nobody waited for', async () => {
    const socket = dial('GET /big/first HTTP/1.1', 'Host: a', '', 'GET /big/second HTTP/1.1');
    socket.once('data', () => socket.resetAndDestroy());
    expect(await endOf('/big/first')).toMatchObject({ aborted: true });
    expect(await endOf('/big/second')).toMatchObject({ aborted: true });
  });
});

describe('the end of a response over HTTP/2', () => {
  const server = http2.createServer(answer as never);
  const sessions: http2.ClientHttp2Session[] = [];
  beforeAll(() => new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening)));
  afterAll(() => {
    for (const session of sessions) session.destroy();
    server.close();
  });
  // One session each: a cancelled flood of data makes a session refuse further requests.
  const ask = (path: string, method = 'GET'): http2.ClientHttp2Stream => {
    const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`).on('error', () => {});
    sessions.push(session);
    return session.request({ ':path': path, ':method': method }).on('error', () => {});
  };

  test.each([
    ['a whole answer', 'GET', '/whole/h2'],
    ['a whole answer without a body', 'GET', '/empty/h2'],
    ['the answer to HEAD', 'HEAD', '/whole/h2/head'],
    ['a big answer that was read', 'GET', '/big/h2/read'],
  ])('is whole after %s', async (_what, method, path) => {
    ask(path, method).resume();
    expect(await endOf(path)).toMatchObject(WHOLE);
  });

  test.each(['/big/h2/cut', '/part/h2/cut'])('is early when the client cancels %s', async (path) => {
    const stream = ask(path);
    stream.once('response', () => stream.close(http2.constants.NGHTTP2_CANCEL));
    expect(await endOf(path)).toMatchObject(CUT);
  });

  test('is early when the app itself gives up', async () => {
    ask('/refuse/h2');
    expect(await endOf('/refuse/h2')).toMatchObject(CUT);
  });

  test.each(['/big/h2/lost', '/hang/h2/lost'])('is early when the connection is lost under %s', async (path) => {
    const { session } = ask(path);
    await new Promise((arrived) => server.once('request', arrived));
    session?.destroy();
    expect(await endOf(path)).toMatchObject(CUT);
  });
});

test('a response that was never sent anywhere is under way', () => {
  const response: NodeResponse = new http.ServerResponse(new http.IncomingMessage(new net.Socket()));
  expect(responseEnd(response)).toBe('under way');
});
