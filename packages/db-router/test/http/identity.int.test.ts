import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { ask, type RawAnswer } from './answer.ts';
import { listen, raw } from './helpers.ts';
import { bodyOf, edgeOf, pair, started } from './pair.ts';

const BYTES = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
const LARGE = Buffer.concat(Array.from({ length: 4_096 }, () => BYTES));

/** One way of answering for each path. */
const answers: Record<string, (response: ServerResponse, request: IncomingMessage) => void> = {
  '/length': (response) => response.end('hello'),
  '/zero': (response) => response.end(),
  '/bytes': (response) => response.end(BYTES),
  '/large': (response) => response.end(LARGE),
  '/chunked': (response) => {
    response.write('one ');
    setImmediate(() => response.end('two'));
  },
  '/empty-chunked': (response) => {
    response.writeHead(200, { 'Transfer-Encoding': 'chunked' });
    response.end();
  },
  '/trailers': (response) => {
    response.writeHead(200, { Trailer: 'X-Checksum' });
    response.write('body');
    response.addTrailers({ 'X-Checksum': 'abc' });
    response.end();
  },
  '/no-content': (response) => response.writeHead(204, { ETag: '"a"' }).end(),
  '/reset-content': (response) => response.writeHead(205).end(),
  '/not-modified': (response) => response.writeHead(304, { ETag: 'W/"a"', 'Content-Length': '17' }).end(),
  '/moved': (response) => response.writeHead(302, { Location: '/elsewhere?x=1' }).end('gone'),
  '/missing': (response) => response.writeHead(404, 'Nowhere To Be Seen', { 'X-Case-Kept': 'Yes' }).end('no'),
  '/unavailable': (response) => response.writeHead(503, { 'Retry-After': '120' }).end('later'),
  '/cookies': (response) => {
    response.setHeader('Set-Cookie', ['a=1; Path=/; HttpOnly', 'b=2', 'a=3']);
    response.setHeader('X-Twice', ['1', '2']);
    response.end('cookies');
  },
  '/latin1': (response) => response.writeHead(200, { 'X-Name': 'caf\u00e9 \u00ff' }).end('x'),
  '/gzip': (response) => response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(LARGE)),
  '/brotli': (response) => response.writeHead(200, { 'Content-Encoding': 'br' }).end(brotliCompressSync(LARGE)),
  '/no-date': (response) => {
    response.sendDate = false;
    response.end('timeless');
  },
  '/range': (response) => response.writeHead(206, { 'Content-Range': 'bytes 0-4/10' }).end('01234'),
  '/hop-by-hop': (response) =>
    response.writeHead(200, { Connection: 'close, X-Internal', 'X-Internal': '1', 'X-Kept': '1' }).end('x'),
  '/early-hints': (response) => {
    response.writeEarlyHints({ link: ['</a.css>; rel=preload; as=style', '</b.js>; rel=preload; as=script'] });
    response.writeHead(200).end('late');
  },
  '/echo': (response, request) => {
    void bodyOf(request).then((body) => {
      const { method, url } = request;
      response.end(Buffer.concat([Buffer.from(`${method} ${url} `), body]));
    });
  },
};

/** What must be the same: everything but what belongs to the connection. */
function essence({ statusLine, fields, body, interim, trailers }: RawAnswer): unknown {
  const perHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'trailer', 'x-internal']);
  return {
    statusLine,
    fields: fields
      .filter(([name]) => !perHop.has(name.toLowerCase()))
      .map(([name, value]) => (name === 'Date' ? [name] : [name, value])),
    body: Buffer.from(body, 'latin1').toString('base64'),
    interim: interim.map((head) =>
      head
        .split('\r\n')
        .map((line) => line.toLowerCase())
        .sort(),
    ),
    trailers: trailers === '' ? '' : 'dropped',
  };
}

describe('a forwarded answer', async () => {
  const open = () =>
    pair(
      (request, response) => {
        const path = request.url?.split('?')[0] ?? '';
        answers[path]?.(response, request);
      },
      { isWrite: () => true },
    );

  test.each(Object.keys(answers).filter((path) => path !== '/trailers'))(
    'is that of a direct call: %s',
    async (path) => {
      const { us, eu, failures } = await open();
      for (const method of ['GET', 'POST', 'HEAD', 'DELETE']) {
        const direct = await ask(us.port, method, path);
        const forwarded = await ask(eu.port, method, path);
        expect([method, essence(forwarded)]).toEqual([method, essence(direct)]);
      }
      expect(failures).toEqual([]);
    },
  );

  test('is without the trailers of a direct call', async () => {
    const { us, eu } = await open();
    expect((await ask(us.port, 'POST', '/trailers')).trailers).toBe('X-Checksum: abc');
    const forwarded = await ask(eu.port, 'POST', '/trailers');
    expect([forwarded.body, forwarded.trailers, forwarded.field('trailer')]).toEqual(['body', '', undefined]);
  });

  test('tells nothing of the connection it came over', async () => {
    const { eu } = await open();
    const { field } = await ask(eu.port, 'POST', '/hop-by-hop');
    expect([field('x-internal'), field('x-kept'), field('connection')]).toEqual([undefined, '1', 'close']);
  });

  const body = BYTES.toString('latin1');
  test.each([
    ['a length', [`Content-Length: ${BYTES.length}`], body],
    ['chunks', ['Transfer-Encoding: chunked'], `80\r\n${body.slice(0, 128)}\r\n80\r\n${body.slice(128)}\r\n0\r\n\r\n`],
    [
      'chunks in odd case, with extensions and trailers',
      ['transfer-encoding: CHUNKED', 'Trailer: X-A'],
      `100;a=b\r\n${body}\r\n0\r\nX-A: 1\r\n\r\n`,
    ],
    ['a length of nothing', ['Content-Length: 0'], ''],
    ['chunks of nothing', ['Transfer-Encoding: chunked'], '0\r\n\r\n'],
    ['neither', [], ''],
  ])('is given to the same request body, framed by %s', async (_name, fields, sent) => {
    const { us, eu } = await open();
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'GET']) {
      const direct = await ask(us.port, method, '/echo?q=%2F..%2f//', fields, sent);
      const forwarded = await ask(eu.port, method, '/echo?q=%2F..%2f//', fields, sent);
      expect([method, forwarded.status, forwarded.body]).toEqual([method, direct.status, direct.body]);
    }
  });

  test.each(['/..//a', '/%2E%2E/%2e/', '//evil.com/x', '/\\evil.com', '/a?b#c', '/;p=1', '/a?b=http://c'])(
    'is given to the same target, byte by byte: %s',
    async (path) => {
      const seen: string[] = [];
      const { us, eu } = await pair((request, response) => {
        seen.push(request.url ?? '');
        response.end();
      });
      await ask(us.port, 'POST', path);
      await ask(eu.port, 'POST', path);
      expect(seen[0]).toBeDefined();
      expect(seen[1]).toBe(seen[0]);
    },
  );

  test('reaches a client of HTTP/1.0, whole and without interim answers', async () => {
    const { eu } = await open();
    for (const [path, expected] of [
      ['/chunked', 'one two'],
      ['/early-hints', 'late'],
    ] as const) {
      const text = await raw(eu.port, `POST ${path} HTTP/1.0\r\nContent-Length: 0\r\n\r\n`);
      expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(text).not.toMatch(/chunked/i);
      expect(text.split('\r\n\r\n')[1]).toBe(expected);
    }
  });

  test('waits for 100 Continue with a client that asks for it', async () => {
    const { eu } = await open();
    const text = await raw(
      eu.port,
      'POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi',
    );
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n/);
    expect(text).toMatch(/POST \/echo hi$/);
  });

  test('shows its head before its body comes', async () => {
    let finish = (): void => {};
    const { eu } = await pair((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
      finish = () => response.end('data: 1\n\n');
    });
    const head = await fetch(`${eu.origin}/events`, { method: 'POST' });
    expect(head.headers.get('content-type')).toBe('text/event-stream');
    finish();
    expect(await head.text()).toBe('data: 1\n\n');
  });

  test('is whole when the other end frames it by closing', async () => {
    const upstream = await started(
      listen(
        createServer((socket) => {
          socket.once('data', () => socket.end('HTTP/1.0 200 OK\r\nX-Old: 1\r\n\r\nall of it'));
        }) as never,
      ),
    );
    const { eu } = await edgeOf(upstream.origin);
    const answer = await ask(eu.port, 'POST', '/');
    expect([answer.status, answer.field('x-old'), answer.body]).toEqual([200, '1', 'all of it']);
  });
});
