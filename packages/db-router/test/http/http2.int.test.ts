import { type ClientHttp2Session, type ClientHttp2Stream, connect, createServer } from 'node:http2';
import { createServer as createRawServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually, listen, serve } from './helpers.ts';
import { bodyOf, gateOf, started } from './pair.ts';

const MIB = 1024 * 1024;
const sessions: ClientHttp2Session[] = [];
afterEach(() => {
  for (const session of sessions.splice(0)) session.destroy();
});

/** The gate on an HTTP/2 server in front of a primary that answers as `app` does. */
async function overHttp2(app: Parameters<typeof serve>[0], primary = serve(app)) {
  const us = await started(primary);
  const origins = { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' };
  const { gate, failures } = gateOf('eu-west-1', origins);
  const listener = gate.node((_request, response) => (response as { end(text: string): void }).end('local'));
  const eu = await started(listen(createServer(listener as never) as never));
  const session = connect(eu.origin);
  sessions.push(session);
  const post = (headers = {}): ClientHttp2Stream => session.request({ ':method': 'POST', ':path': '/', ...headers });
  return { post, gate, failures };
}

function answerOf(stream: ClientHttp2Stream): Promise<{ headers: Record<string, unknown>; body: Buffer }> {
  return new Promise((resolve, reject) => {
    let headers = {};
    const chunks: Buffer[] = [];
    stream.on('response', (fields) => {
      headers = fields;
    });
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => resolve({ headers, body: Buffer.concat(chunks) }));
    stream.on('error', reject);
    stream.on('aborted', () => reject(new Error('cut short')));
  });
}

describe('the gate over HTTP/2', () => {
  test('sends no field on by which a body of HTTP/2 could become two requests', async () => {
    const seen: string[] = [];
    const { post } = await overHttp2((request, response) => {
      void bodyOf(request).then((body) => {
        seen.push(`${request.method} ${request.url} ${body.toString()}`);
        response.end('done');
      });
    });
    const smuggled = '0\r\n\r\nGET /admin HTTP/1.1\r\nHost: a\r\n\r\n';
    const tries: Record<string, string>[] = [
      { 'content-length': '0' },
      { 'content-length': '4' },
      { 'x-a': 'b' },
      { te: 'trailers' },
    ];
    for (const headers of tries) {
      const stream = post(headers);
      stream.end(smuggled);
      await answerOf(stream).catch(() => {});
    }
    expect(seen.every((text) => text === `POST / ${smuggled}`)).toBe(true);
    expect((await answerOf(post({ 'x-next': '1' }).end())).body.toString()).toBe('done');
    expect(seen.at(-1)).toBe('POST / ');
  });

  test('carries a body without a length both ways, whole, and joins its cookies', async () => {
    const { post, failures } = await overHttp2((request, response) => {
      response.setHeader('X-Cookie', String(request.headers.cookie));
      response.setHeader('X-Via', String(request.headers.via));
      void bodyOf(request).then((body) => response.end(body));
    });
    const stream = post({ cookie: ['a=1', 'b=2'] });
    const answer = answerOf(stream);
    const body = Buffer.alloc(8 * MIB, 'regionkit ');
    stream.end(body);
    const { headers, body: echoed } = await answer;
    expect(headers).toMatchObject({ ':status': 200, 'x-cookie': 'a=1; b=2', 'x-via': '2.0 regionkit' });
    expect(echoed.equals(body)).toBe(true);
    expect(failures).toEqual([]);
  });

  test('waits for a slow client', async () => {
    let written = 0;
    const { post } = await overHttp2((_request, response) => {
      const more = (): void => {
        while (written < 32 * MIB) {
          written += 64 * 1024;
          if (!response.write(Buffer.alloc(64 * 1024))) {
            response.once('drain', more);
            return;
          }
        }
        response.end();
      };
      more();
    });
    const stream = post();
    stream.end();
    stream.pause();
    let before = -1;
    while (before !== written || written === 0) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(written).toBeLessThan(24 * MIB);
    const answer = answerOf(stream);
    stream.resume();
    expect((await answer).body).toHaveLength(32 * MIB);
  });

  test('resets the stream of an answer that is cut short, and of that alone', async () => {
    let requests = 0;
    const primary = listen(
      createRawServer((socket) => {
        socket.on('data', () => {
          requests += 1;
          if (requests > 1) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
          else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', () => socket.destroySoon());
        });
      }) as never,
    );
    const { post, failures } = await overHttp2(() => {}, primary);
    const cut = post();
    cut.end();
    await expect(answerOf(cut)).rejects.toThrow();
    expect(cut.rstCode).not.toBe(0);
    expect(failures.map(({ code }) => code)).toEqual(['ERR_FORWARD_INCOMPLETE']);
    const next = post();
    next.end();
    expect((await answerOf(next)).body.toString()).toBe('ok');
  });

  test('lets the primary see a client that resets its stream', async () => {
    let cut = 0;
    const { post, gate, failures } = await overHttp2((request, response) => {
      request.on('error', () => {}).resume();
      response.on('close', () => {
        cut += 1;
      });
      response.write('some');
    });
    const stream = post();
    stream.on('error', () => {});
    stream.on('data', () => stream.close(8));
    stream.end();
    await eventually(() => cut === 1 && gate.stats().inFlight === 0);
    expect(failures.map(({ code }) => code)).toEqual(['ERR_FORWARD_CLIENT_GONE']);
  });

  test('passes on answers that have no body', async () => {
    const { post, failures } = await overHttp2((request, response) => {
      response.writeHead(Number(request.url?.slice(1)), { 'X-Method': String(request.method) }).end();
    });
    for (const [method, status] of [
      ['DELETE', 204],
      ['POST', 205],
      ['POST', 304],
      ['POST', 200],
    ] as const) {
      const stream = post({ ':method': method, ':path': `/${status}` });
      stream.end();
      const { headers, body } = await answerOf(stream);
      expect([headers[':status'], headers['x-method'], body.length, stream.rstCode]).toEqual([status, method, 0, 0]);
    }
    expect(failures).toEqual([]);
  });

  test('passes on an answer with fields sent twice that Node takes once, and lives on', async () => {
    let finish = (): void => {};
    const { post, gate, failures } = await overHttp2((request, response) => {
      response.setHeader('X-Content-Type-Options', ['nosniff', 'nosniff']);
      response.setHeader('Content-Language', ['en', 'de']);
      response.setHeader('Vary', ['Origin', 'Accept']);
      response.setHeader('Set-Cookie', ['a=1', 'a=1']);
      response.statusCode = request.url === '/empty' ? 204 : 200;
      finish = () => response.end(request.url === '/empty' ? undefined : 'done');
      if (request.url === '/later') response.flushHeaders();
      else finish();
    });
    // Once the head has come back alone.
    gate.on('forwarded', () => setImmediate(() => finish()));
    for (const path of ['/', '/later', '/empty']) {
      const { headers, body } = await answerOf(post({ ':path': path }).end());
      expect(body.toString()).toBe(path === '/empty' ? '' : 'done');
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'content-language': 'en, de',
        vary: 'Origin, Accept',
        'set-cookie': ['a=1', 'a=1'],
      });
    }
    expect(failures).toEqual([]);
  });

  test('answers a failure with its problem', async () => {
    const gone = await listen(createRawServer() as never);
    await gone.close();
    const { post } = await overHttp2(() => {}, Promise.resolve({ ...gone, close: async () => {} }));
    const stream = post();
    stream.end('hello');
    const { headers, body } = await answerOf(stream);
    expect(headers[':status']).toBe(503);
    expect(JSON.parse(body.toString())).toMatchObject({ code: 'ERR_FORWARD_UNREACHABLE', outcome: 'not-sent' });
  });
});
