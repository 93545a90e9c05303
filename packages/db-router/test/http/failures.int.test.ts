import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { live } from '@regionkit/core';
import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, test } from 'vitest';
import { ask, parseAnswer, type RawAnswer } from './answer.ts';
import { pour, stands } from './flow.ts';
import { EPOCH, eventually, listen, type Running, raw, SECRET } from './helpers.ts';
import { bodyOf, edgeOf, type Pair, pair, started } from './pair.ts';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');
const CERT = fixture('localhost-cert.pem');
const KEY = fixture('localhost-key.pem');

const POST = ['POST', '/orders', ['Content-Length: 5'], 'hello'] as const;
const post = (port: number): Promise<RawAnswer> => ask(port, ...POST);

/** A primary that does to each connection what it is told to, once a request has come. */
function rude(onRequest: (socket: Socket, text: string) => void): Promise<Running> {
  return started(
    listen(
      createServer((socket) => {
        let text = '';
        socket.setEncoding('latin1').on('data', (chunk: string) => {
          text += chunk;
          if (!text.includes('hello') && !text.includes('GET')) return;
          onRequest(socket, text);
          text = '';
        });
      }) as never,
    ),
  );
}

/** What a client is told of a failure, and what the gate tells of it. */
function saysSo(
  answer: RawAnswer,
  { failures }: Pick<Pair, 'failures'>,
  expected: { status: number; code: string; outcome: string; error: string },
): void {
  const { status, code, outcome, error } = expected;
  expect(JSON.parse(answer.body)).toMatchObject({ status, code, outcome, region: 'us-east-1' });
  expect(answer.status).toBe(status);
  expect(answer.field('content-type')).toBe('application/problem+json');
  expect(answer.field('cache-control')).toBe('no-store');
  expect(answer.field('retry-after')).toBe(status === 503 ? '1' : undefined);
  expect(answer.field('proxy-status')).toMatch(
    new RegExp(`^regionkit\\.eu-west-1; error=${error}; next-hop="us-east-1";.* details="${outcome}"$`),
  );
  expect(failures.map((failure) => [failure.code, failure.outcome, failure.proxyError])).toEqual([
    [code, outcome, error],
  ]);
}

describe('a forward whose connection fails', () => {
  test('was not sent when it is refused', async () => {
    const gone = await listen(createServer() as never);
    await gone.close();
    const edge = await edgeOf(gone.origin);
    saysSo(await post(edge.eu.port), edge, {
      status: 503,
      code: 'ERR_FORWARD_UNREACHABLE',
      outcome: 'not-sent',
      error: 'connection_refused',
    });
    expect(edge.euGate.stats()).toEqual({ inFlight: 0 });
    expect(edge.euRouter.unreached).toBe(1);
  });

  test('is told where the router tells of mistakes, and what a client does is not', async () => {
    const gone = await listen(createServer() as never);
    await gone.close();
    const edge = await edgeOf(gone.origin);
    const told: string[] = [];
    edge.euRouter.gate.notice = (code) => void told.push(code);
    expect((await ask(edge.eu.port, 'POST', '/orders', ['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n')).status).toBe(
      501,
    );
    expect(told).toEqual([]);
    await post(edge.eu.port);
    expect(told).toEqual(['REGIONKIT_FORWARD_FAILED']);
  });

  test.each([
    ['a small body', 'hello'],
    ['a long body', 'hello'.repeat(10_000)],
  ])('was not sent, and ends no process, when it cannot be prepared: %s', async (_what, body) => {
    const edge = await edgeOf('http://127.0.0.1:1');
    edge.euRouter.gate.highest = () => {
      throw new Error('no epoch');
    };
    const answer = await ask(edge.eu.port, 'POST', '/orders', [`Content-Length: ${body.length}`], body);
    saysSo(answer, edge, {
      status: 503,
      code: 'ERR_FORWARD_UNREACHABLE',
      outcome: 'not-sent',
      error: 'proxy_internal_error',
    });
    expect(edge.euGate.stats()).toEqual({ inFlight: 0 });
  });

  test('and is sent under the last good keys while the source of the secrets cannot be read', async () => {
    let broken = false;
    const secret = {
      ...live(SECRET),
      get current(): string {
        if (broken) throw new Error('the store is closed');
        return SECRET;
      },
    };
    const { eu } = await pair((_request, response) => response.end('done'), { forward: { secret } });
    broken = true;
    expect((await post(eu.port)).body).toBe('done');
  });

  test('was not sent when the name leads nowhere', async () => {
    const edge = await edgeOf('http://nowhere.invalid');
    saysSo(await post(edge.eu.port), edge, {
      status: 503,
      code: 'ERR_FORWARD_UNREACHABLE',
      outcome: 'not-sent',
      error: 'dns_error',
    });
  });

  test('was not sent when the connection does not come about in time', async () => {
    // A server that accepts and never speaks TLS.
    const mute = await started(listen(createServer() as never));
    const edge = await edgeOf(mute.origin.replace('http:', 'https:'), { forward: { connectTimeoutMs: 50 } });
    saysSo(await post(edge.eu.port), edge, {
      status: 503,
      code: 'ERR_FORWARD_UNREACHABLE',
      outcome: 'not-sent',
      error: 'connection_timeout',
    });
  });

  test('was not sent when the certificate is not right, whatever the environment says', async () => {
    const secure = await started(
      listen(createTlsServer({ cert: CERT, key: KEY }, (_req, res) => res.end('done')) as never),
    );
    const origin = secure.origin.replace('http:', 'https:');
    const edge = await edgeOf(origin);
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      saysSo(await post(edge.eu.port), edge, {
        status: 503,
        code: 'ERR_FORWARD_UNREACHABLE',
        outcome: 'not-sent',
        error: 'tls_certificate_error',
      });
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    const trusting = await edgeOf(origin, { forward: { ca: CERT } });
    expect((await post(trusting.eu.port)).body).toBe('done');

    const cert = fixture('elsewhere-cert.pem');
    const other = await started(listen(createTlsServer({ cert, key: KEY }, (_req, res) => res.end('done')) as never));
    const misnamed = await edgeOf(other.origin.replace('http:', 'https:'), { forward: { ca: cert } });
    saysSo(await post(misnamed.eu.port), misnamed, {
      status: 503,
      code: 'ERR_FORWARD_UNREACHABLE',
      outcome: 'not-sent',
      error: 'tls_certificate_error',
    });
  });
});

describe('a forward that was sent', () => {
  test.each([
    ['the connection ends', (socket: Socket) => socket.end(), 'ERR_FORWARD_INTERRUPTED', 'connection_terminated', 502],
    [
      'the connection is reset',
      (socket: Socket) => socket.resetAndDestroy(),
      'ERR_FORWARD_INTERRUPTED',
      'connection_terminated',
      502,
    ],
    [
      'what comes back is not HTTP',
      (socket: Socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'),
      'ERR_FORWARD_BAD_ANSWER',
      'http_protocol_error',
      502,
    ],
    [
      'two lengths come back',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'),
      'ERR_FORWARD_BAD_ANSWER',
      'http_protocol_error',
      502,
    ],
    [
      'it ends within the head',
      (socket: Socket) => socket.end('HTTP/1.1 200 OK\r\nContent-'),
      'ERR_FORWARD_INTERRUPTED',
      'connection_terminated',
      502,
    ],
    [
      'an unasked upgrade comes back',
      (socket: Socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
      'ERR_FORWARD_INTERRUPTED',
      'connection_terminated',
      502,
    ],
  ] as const)('may have happened when %s, and is not sent again', async (_name, act, code, error, status) => {
    let requests = 0;
    const upstream = await rude((socket) => {
      requests += 1;
      act(socket);
    });
    const edge = await edgeOf(upstream.origin);
    const answer = await post(edge.eu.port);
    saysSo(answer, edge, { status, code, outcome: 'unknown', error });
    expect(requests).toBe(1);
    expect(edge.euGate.stats()).toEqual({ inFlight: 0 });
  });

  test('may have happened when no head comes in time', async () => {
    const upstream = await rude(() => {});
    const edge = await edgeOf(upstream.origin, { forward: { headersTimeoutMs: 100 } });
    saysSo(await post(edge.eu.port), edge, {
      status: 504,
      code: 'ERR_FORWARD_TIMEOUT',
      outcome: 'unknown',
      error: 'http_response_timeout',
    });
  });

  test('may have happened when the whole of it takes too long', async () => {
    const clock = fakeClock();
    const upstream = await rude(() => void clock.advance(100));
    const edge = await edgeOf(upstream.origin, { clock, forward: { deadlineMs: 100 } });
    saysSo(await post(edge.eu.port), edge, {
      status: 504,
      code: 'ERR_FORWARD_TIMEOUT',
      outcome: 'unknown',
      error: 'http_response_timeout',
    });
  });

  test('may have happened when nothing of the body is taken for too long', async () => {
    const clock = fakeClock();
    const upstream = await started(listen(createServer((socket) => void socket.pause()) as never));
    const edge = await edgeOf(upstream.origin, { clock, forward: { bodyTimeoutMs: 100 } });
    const socket = connect(edge.eu.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
    });
    const length = 64 * 1024 * 1024;
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`);
    await stands(pour(socket, length));
    await clock.advance(100);
    await eventually(() => /"region"/.test(text));
    socket.destroy();
    saysSo(parseAnswer(text, 'POST'), edge, {
      status: 504,
      code: 'ERR_FORWARD_TIMEOUT',
      outcome: 'unknown',
      error: 'http_response_timeout',
    });
  });

  test.each([
    ['none of its body', '', 'not-sent'],
    ['a part of its body', 'hello', 'unknown'],
  ] as const)(
    'is given up, with the place it takes, when a client that sent %s sends no more',
    async (_what, body, outcome) => {
      const clock = fakeClock();
      let bytes = 0;
      const { eu, euGate, failures } = await pair(
        (request) => {
          request
            .on('error', () => {})
            .on('data', (chunk: Buffer) => {
              bytes += chunk.length;
            });
        },
        { clock, forward: { bodyTimeoutMs: 100 } },
      );
      const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n';
      const answer = raw(eu.port, head + body, /"region"/);
      // The deadline, the patience with the client, and the time the primary may take to read what is there.
      await eventually(() => clock.pending === 3 && bytes === body.length);
      await clock.advance(100);
      saysSo(
        parseAnswer(await answer, 'POST'),
        { failures },
        {
          status: 400,
          code: 'ERR_FORWARD_CLIENT_IDLE',
          outcome,
          error: 'http_request_error',
        },
      );
      expect([euGate.stats(), clock.pending]).toEqual([{ inFlight: 0 }, 0]);
    },
  );

  test('goes on both ways at once when the answer begins before the body has ended', async () => {
    const { eu, failures } = await pair(
      (request, response) => {
        request.pipe(response);
      },
      { forward: { bodyTimeoutMs: 5_000 } },
    );
    const socket = connect(eu.port, '127.0.0.1');
    let text = '';
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk;
    });
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n');
    await eventually(() => text.includes('one'));
    socket.write('3\r\ntwo\r\n0\r\n\r\n');
    await closed;
    expect(text).toMatch(/one[\s\S]*two/);
    expect(failures).toEqual([]);
  });

  test.each([
    ['ends', (socket: Socket) => socket.end(), 0],
    ['is reset', (socket: Socket) => socket.resetAndDestroy(), 0],
    ['stalls', () => {}, 100],
    ['outlives its deadline', () => {}, 150],
  ] as [string, (socket: Socket) => void, number][])(
    'cuts the client short when the answer %s before it is complete',
    async (_name, act, afterMs) => {
      const clock = fakeClock();
      const sockets: Socket[] = [];
      const upstream = await rude((socket) => {
        sockets.push(socket);
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of');
      });
      const edge = await edgeOf(upstream.origin, {
        clock,
        forward: afterMs === 150 ? { deadlineMs: afterMs } : { bodyTimeoutMs: 100 },
      });
      const response = await fetch(`${edge.eu.origin}/orders`, { method: 'POST', body: 'hello' });
      expect(response.status).toBe(200);
      const body = expect(response.text()).rejects.toThrow();
      for (const socket of sockets) act(socket);
      await clock.advance(afterMs);
      await body;
      expect(edge.failures.map(({ code, outcome }) => [code, outcome])).toEqual([
        ['ERR_FORWARD_INCOMPLETE', 'unknown'],
      ]);
      expect(edge.euGate.stats()).toEqual({ inFlight: 0 });
    },
  );

  test('is answered whole after the connections it would have used have died', async () => {
    const sockets: Socket[] = [];
    const { us, eu, failures } = await pair((request, response) => {
      sockets.push(request.socket);
      void bodyOf(request).then((body) => response.end(body));
    });
    expect((await post(eu.port)).body).toBe('hello');
    for (const socket of sockets) socket.destroy();
    await eventually(() => sockets.every(({ closed }) => closed));
    expect((await post(eu.port)).body).toBe('hello');
    // A server that says for how long it keeps a connection is believed.
    us.server.keepAliveTimeout = 1;
    for (let times = 0; times < 5; times += 1) expect((await post(eu.port)).body).toBe('hello');
    expect(failures).toEqual([]);
  });

  test('is not sent again when a kept connection dies under it', async () => {
    let requests = 0;
    const upstream = await rude((socket) => {
      requests += 1;
      if (requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      else socket.destroy();
    });
    const edge = await edgeOf(upstream.origin);
    expect((await post(edge.eu.port)).body).toBe('ok');
    saysSo(await post(edge.eu.port), edge, {
      status: 502,
      code: 'ERR_FORWARD_INTERRUPTED',
      outcome: 'unknown',
      error: 'connection_terminated',
    });
    expect(requests).toBe(2);
  });
});

describe('a write of which nobody can tell', () => {
  test('gives the client a token by which no standby answers its next look', async () => {
    const upstream = await rude((socket) => socket.destroy());
    const edge = await edgeOf(upstream.origin);
    edge.euRouter.issued = { written: 'v1.unknown' };
    const answer = await ask(
      edge.eu.port,
      'POST',
      '/orders',
      ['Content-Length: 5', 'X-Region-Token: v1.before'],
      'hello',
    );
    expect(answer.status).toBe(502);
    expect(answer.field('x-region-token')).toBe('v1.unknown');
    expect(answer.field('set-cookie')).toMatch(/^region-token=v1\.unknown; /);
    expect(edge.euRouter.unknown).toEqual([EPOCH]);
    // What the client knew before is kept.
    expect(edge.euRouter.scopes.at(-1)).toEqual({ tokens: ['v1.before'], access: 'write' });
  });

  test('gives it one behind a balancer, too, and on a fetch handler', async () => {
    const balancer = await started(
      listen(
        createServer((socket) => {
          socket.on('data', () => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'));
        }) as never,
      ),
    );
    const edge = await edgeOf(balancer.origin);
    edge.euRouter.issued = { written: 'v1.unknown' };
    expect((await post(edge.eu.port)).field('x-region-token')).toBe('v1.unknown');
    const door = edge.euGate.fetch(() => new Response('local'));
    const response = await door(new Request('https://app.example.com/', { method: 'POST', body: 'hello' }));
    expect([response.status, response.headers.get('x-region-token')]).toEqual([502, 'v1.unknown']);
    expect(edge.euRouter.unknown).toEqual([EPOCH, EPOCH]);
  });

  test('gives none where it is known that nothing was done, nor for a read', async () => {
    const gone = await listen(createServer() as never);
    await gone.close();
    const edge = await edgeOf(gone.origin);
    edge.euRouter.issued = { written: 'v1.unknown' };
    expect((await post(edge.eu.port)).field('x-region-token')).toBeUndefined();
    const upstream = await rude((socket) => socket.destroy());
    const reading = await edgeOf(upstream.origin);
    reading.euRouter.outOfReach = true;
    const answer = await ask(reading.eu.port, 'GET', '/');
    expect([answer.status, reading.euRouter.unknown]).toEqual([502, []]);
  });
});

describe('a bounded number of forwards', () => {
  test('leaves a slow primary no way to take the reads of this region with it', async () => {
    const held: (() => void)[] = [];
    const { eu, euGate, failures } = await pair(
      (_request, response) => {
        held.push(() => response.end('late'));
      },
      { forward: { maxConcurrent: 2, maxPerClient: 2 } },
    );
    const slow = [post(eu.port), post(eu.port)];
    await eventually(() => held.length === 2);
    const refused = await Promise.all([post(eu.port), post(eu.port)]);
    for (const answer of refused) {
      expect([answer.status, answer.field('retry-after')]).toEqual([503, '1']);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_FORWARD_BUSY', outcome: 'not-sent' });
      expect(answer.field('proxy-status')).toContain('error=connection_limit_reached');
    }
    expect(euGate.stats()).toEqual({ inFlight: 2 });
    expect((await ask(eu.port, 'GET', '/')).body).toBe('served in eu');
    for (const release of held.splice(0)) release();
    expect((await Promise.all(slow)).map(({ body }) => body)).toEqual(['late', 'late']);
    expect(euGate.stats()).toEqual({ inFlight: 0 });
    const after = post(eu.port);
    await eventually(() => held.length === 1);
    held[0]?.();
    expect((await after).body).toBe('late');
    expect(failures).toHaveLength(2);
  });

  test('drains the long body of what it refuses, so that the connection of the client stays in step', async () => {
    const held: (() => void)[] = [];
    const { eu } = await pair(
      (_request, response) => {
        held.push(() => response.end('late'));
      },
      { forward: { maxConcurrent: 1 } },
    );
    const slow = post(eu.port);
    await eventually(() => held.length === 1);
    const length = 1024 * 1024;
    const refused = `POST /long HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`;
    const next = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const text = await raw(eu.port, Buffer.concat([Buffer.from(refused), Buffer.alloc(length), Buffer.from(next)]));
    expect(text).toMatch(/^HTTP\/1\.1 503 [\s\S]*ERR_FORWARD_BUSY[\s\S]*HTTP\/1\.1 200 OK[\s\S]*served in eu$/);
    held[0]?.();
    expect((await slow).body).toBe('late');
  });

  test('is none once the gate is closed; those under way end by themselves', async () => {
    let finish: (() => void) | undefined;
    const { eu, euGate } = await pair((_request, response) => {
      finish = () => response.end('late');
    });
    const under = post(eu.port);
    await eventually(() => euGate.stats().inFlight === 1);
    const closed = euGate.close();
    const refused = await post(eu.port);
    expect(JSON.parse(refused.body)).toMatchObject({ status: 503, code: 'ERR_FORWARD_CLOSED', outcome: 'not-sent' });
    await eventually(() => finish !== undefined);
    finish?.();
    expect((await under).body).toBe('late');
    await closed;
  });
});
