import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net';
import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ask, parseAnswer } from './answer.ts';
import { PIECE } from './flow.ts';
import { eventually, listen, raw } from './helpers.ts';
import { bodyOf, edgeOf, pair, started } from './pair.ts';

const fixture = (name: string): string => readFileSync(new URL(`fixtures/${name}`, import.meta.url), 'utf8');

/** A client of its own, with what it was told. */
function client(port: number, bytes: string, localAddress = '127.0.0.1'): { socket: Socket; text: () => string } {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk;
  });
  socket.on('error', () => {});
  socket.write(bytes);
  onTestFinished(() => void socket.destroy());
  return { socket, text: () => text };
}

const SLOW = 'POST /slow HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

describe('clients that send a byte now and then', () => {
  test('stop no write of others: the place of the slowest is taken', async () => {
    const clock = fakeClock();
    const { eu, euGate, failures } = await pair(
      (request, response) => {
        void bodyOf(request).then(
          () => response.end('done'),
          () => {},
        );
      },
      { clock, forward: { maxConcurrent: 4, maxPerClient: 4, bodyTimeoutMs: 30_000 } },
    );
    const slow = Array.from({ length: 4 }, () => client(eu.port, `${SLOW}1\r\nx\r\n`));
    await eventually(() => euGate.stats().inFlight === 4);
    expect(JSON.parse((await ask(eu.port, 'POST', '/', ['Content-Length: 2'], 'ok')).body).code).toBe(
      'ERR_FORWARD_BUSY',
    );
    // One byte more re-arms nothing.
    await clock.advance(5_000);
    for (const { socket } of slow) socket.write('1\r\nx\r\n');
    const answer = await ask(eu.port, 'POST', '/', ['Content-Length: 2'], 'ok');
    expect([answer.status, answer.body]).toEqual([200, 'done']);
    await eventually(() => slow.some(({ text }) => text().includes('ERR_FORWARD_CLIENT_IDLE')));
    expect(failures.map(({ code }) => code)).toEqual(['ERR_FORWARD_BUSY', 'ERR_FORWARD_CLIENT_IDLE']);
  });

  test('are given up after a time that a byte now and then does not prolong', async () => {
    const clock = fakeClock();
    let bytes = 0;
    const { eu, euGate } = await pair(
      (request) => {
        request
          .on('error', () => {})
          .on('data', (chunk: Buffer) => {
            bytes += chunk.length;
          });
      },
      { clock, forward: { bodyTimeoutMs: 30_000, deadlineMs: 86_400_000 } },
    );
    const { socket, text } = client(eu.port, SLOW);
    await eventually(() => euGate.stats().inFlight === 1);
    let turns = 0;
    for (; !text().includes('ERR_FORWARD_CLIENT_IDLE') && turns < 20; turns += 1) {
      const before = bytes;
      socket.write('1\r\nx\r\n');
      await eventually(() => bytes > before || text() !== '');
      await clock.advance(10_000);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(turns).toBeLessThanOrEqual(5);
    expect(euGate.stats().inFlight).toBe(0);
  });

  test('just fast enough for the lowest rate, stop no write of others either', async () => {
    const clock = fakeClock();
    let bytes = 0;
    const { eu, euGate } = await pair(
      (request, response) => {
        request
          .on('error', () => {})
          .on('data', (chunk: Buffer) => {
            bytes += chunk.length;
          });
        request.on('end', () => response.end('done'));
      },
      { clock, forward: { maxConcurrent: 2, maxPerClient: 2, bodyTimeoutMs: 30_000, minBytesPerSecond: 512 } },
    );
    const slow = [client(eu.port, SLOW), client(eu.port, SLOW)];
    await eventually(() => euGate.stats().inFlight === 2);
    const piece = `208\r\n${'x'.repeat(520)}\r\n`;
    for (let second = 0; second < 10; second += 1) {
      const before = bytes;
      for (const { socket } of slow) socket.write(piece);
      await eventually(() => bytes === before + 1_040);
      await clock.advance(1_000);
    }
    // Alone they keep their places, as they keep to the rate.
    expect([euGate.stats().inFlight, slow.map(({ text }) => text())]).toEqual([2, ['', '']]);
    const answer = await ask(eu.port, 'POST', '/', ['Content-Length: 2'], 'ok');
    expect([answer.status, answer.body]).toEqual([200, 'done']);
    await eventually(() => slow.some(({ text }) => text().includes('ERR_FORWARD_CLIENT_IDLE')));
  });

  test('and small bodies obey the same limit', async () => {
    const clock = fakeClock();
    const { eu, usRouter, failures } = await pair((_request, response) => response.end('done'), {
      clock,
      forward: { bodyTimeoutMs: 30_000 },
    });
    const { text } = client(eu.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n');
    await eventually(() => clock.pending > 0);
    await clock.advance(30_000);
    await eventually(() => text().includes('ERR_FORWARD_CLIENT_IDLE'));
    expect(parseAnswer(text(), 'POST').status).toBe(400);
    expect([usRouter.scopes, failures.map(({ outcome }) => outcome)]).toEqual([[], ['not-sent']]);
  });
});

describe('clients that leave before there is a connection', () => {
  test('keep their places until it comes or fails: no queue grows without a bound', async () => {
    const waiting: Socket[] = [];
    const silent = createNetServer((socket) => void waiting.push(socket.on('error', () => {})));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void silent.close());
    const origin = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const { eu, euGate, failures } = await edgeOf(origin, {
      forward: { maxConcurrent: 2, maxPerClient: 2, connectTimeoutMs: 60_000 },
    });
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok';
    const leaving = [client(eu.port, post), client(eu.port, post)];
    await eventually(() => waiting.length === 2);
    for (const { socket } of leaving) socket.destroy();
    await eventually(() => failures.length === 2);
    expect(failures.map(({ code, outcome }) => [code, outcome])).toEqual([
      ['ERR_FORWARD_CLIENT_GONE', 'not-sent'],
      ['ERR_FORWARD_CLIENT_GONE', 'not-sent'],
    ]);
    expect(euGate.stats().inFlight).toBe(2);
    const answer = await ask(eu.port, 'POST', '/', ['Content-Length: 2'], 'ok');
    expect([answer.status, JSON.parse(answer.body).code]).toEqual([503, 'ERR_FORWARD_BUSY']);
    for (const socket of waiting) socket.destroy();
    await eventually(() => euGate.stats().inFlight === 0);
  });
});

describe('clients that never read a large answer', () => {
  test('lose their place, and are cut short', async () => {
    const clock = fakeClock();
    const { eu, euGate, failures } = await pair(
      (_request, response) => {
        response.on('error', () => {});
        const more = (): void => {
          while (!response.destroyed && response.write(PIECE));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      },
      { clock, forward: { bodyTimeoutMs: 30_000, deadlineMs: 86_400_000 } },
    );
    const { socket } = client(eu.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n');
    socket.pause();
    await eventually(() => euGate.stats().inFlight === 1);
    // The timers of the deadline and of the wait for a client that takes nothing.
    await eventually(() => clock.pending === 2);
    await clock.advance(30_000);
    await eventually(() => failures.length === 1);
    expect([failures[0]?.code, euGate.stats().inFlight]).toEqual(['ERR_FORWARD_CLIENT_IDLE', 0]);
  });
});

describe('one client', () => {
  test('has no more than its share of the places, by its address', async () => {
    const held: (() => void)[] = [];
    const { eu, failures } = await pair((_request, response) => void held.push(() => response.end('late')), {
      forward: { maxConcurrent: 4, maxPerClient: 2 },
    });
    const post = 'POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
    const mine = [client(eu.port, post, '127.0.0.2'), client(eu.port, post, '127.0.0.2')];
    await eventually(() => held.length === 2);
    const refused = client(eu.port, post, '127.0.0.2');
    await eventually(() => refused.text().includes('"region"'));
    expect(refused.text()).toMatch(/^HTTP\/1\.1 429 [\s\S]*retry-after: 1[\s\S]*ERR_FORWARD_CLIENT_BUSY/);
    const other = client(eu.port, post, '127.0.0.3');
    await eventually(() => held.length === 3);
    for (const end of held) end();
    await eventually(() => [...mine, other].every(({ text }) => text().includes('late')));
    expect(failures.map(({ code, outcome }) => [code, outcome])).toEqual([['ERR_FORWARD_CLIENT_BUSY', 'not-sent']]);
  });

  test('counts by the name the app gives it, and those without a name together', async () => {
    const held: (() => void)[] = [];
    const { eu } = await pair((_request, response) => void held.push(() => response.end('late')), {
      forward: { maxConcurrent: 8, maxPerClient: 2, client: (request) => request.header('x-user')[0] },
    });
    const post = (user: string, from: string) =>
      client(eu.port, `POST / HTTP/1.1\r\nHost: a\r\n${user}Content-Length: 0\r\n\r\n`, from);
    post('', '127.0.0.2');
    post('', '127.0.0.3');
    await eventually(() => held.length === 2);
    const nameless = post('', '127.0.0.4');
    await eventually(() => nameless.text().includes('ERR_FORWARD_CLIENT_BUSY'));
    post('X-User: ada\r\n', '127.0.0.4');
    post('X-User: ada\r\n', '127.0.0.5');
    await eventually(() => held.length === 4);
    const third = post('X-User: ada\r\n', '127.0.0.6');
    await eventually(() => third.text().includes('ERR_FORWARD_CLIENT_BUSY'));
    post('X-User: bob\r\n', '127.0.0.6');
    await eventually(() => held.length === 5);
    for (const end of held) end();
  });

  test.each([
    ['with a port', '203.0.113.1:51324', '203.0.113.2:51324'],
    ['of IPv6 in brackets', '[2001:db8:0:1::7]:443', '[2001:db8:0:2::7]:443'],
  ])('is its last hop before a trusted load balancer that writes addresses %s', async (_what, first, second) => {
    const held: (() => void)[] = [];
    const { eu } = await pair((_request, response) => void held.push(() => response.end('late')), {
      forward: { maxConcurrent: 8, maxPerClient: 1, trustForwarded: true },
    });
    const post = (from: string) =>
      client(eu.port, `POST / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1, ${from}\r\nContent-Length: 0\r\n\r\n`);
    const all = [post(first), post(second)];
    await eventually(() => held.length === 2 || all.some(({ text }) => text() !== ''));
    expect(held).toHaveLength(2);
    const again = post(second);
    await eventually(() => again.text().includes('ERR_FORWARD_CLIENT_BUSY'));
    for (const end of held) end();
  });

  test('is the address that the app gives, before what the load balancer says', async () => {
    const held: (() => void)[] = [];
    const { eu } = await pair((_request, response) => void held.push(() => response.end('late')), {
      forward: {
        maxConcurrent: 8,
        maxPerClient: 1,
        trustForwarded: true,
        clientAddress: (request) => request.header('cf-connecting-ip')[0],
      },
    });
    const post = (address: string) =>
      client(
        eu.port,
        `POST / HTTP/1.1\r\nHost: a\r\nCF-Connecting-IP: ${address}\r\nX-Forwarded-For: 10.0.0.1\r\nContent-Length: 0\r\n\r\n`,
      );
    const all = [post('203.0.113.1'), post('203.0.113.2')];
    await eventually(() => held.length === 2 || all.some(({ text }) => text() !== ''));
    expect(held).toHaveLength(2);
    for (const end of held) end();
  });

  test.each([
    [
      'is not the load balancer that is not trusted: it has all places, and the app is told',
      'X-Forwarded-For: 203.0.113.1\r\n',
      3,
      ['REGIONKIT_TRUST_FORWARDED'],
    ],
    ['is whoever connects, where nothing says that it is a load balancer', '', 2, []],
  ])('%s', async (_what, field, places, told) => {
    const held: (() => void)[] = [];
    const { eu, euRouter } = await pair((_request, response) => void held.push(() => response.end('late')), {
      forward: { maxConcurrent: 3, maxPerClient: 2 },
    });
    const codes: string[] = [];
    euRouter.gate.notice = (code) => void codes.push(code);
    const post = () => client(eu.port, `POST / HTTP/1.1\r\nHost: a\r\n${field}Content-Length: 0\r\n\r\n`);
    for (let at = 1; at <= places; at += 1) {
      post();
      await eventually(() => held.length === at);
    }
    const refused = post();
    await eventually(() => refused.text().includes(places === 3 ? 'ERR_FORWARD_BUSY' : 'ERR_FORWARD_CLIENT_BUSY'));
    expect([...new Set(codes)]).toEqual(told);
    for (const end of held) end();
  });

  test('is the load balancer where the app says that this request did not come through one', async () => {
    const held: (() => void)[] = [];
    const { eu } = await pair((_request, response) => void held.push(() => response.end('late')), {
      forward: { maxConcurrent: 3, maxPerClient: 1, trustForwarded: () => false },
    });
    const post = () =>
      client(eu.port, 'POST / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nContent-Length: 0\r\n\r\n');
    post();
    await eventually(() => held.length === 1);
    const refused = post();
    await eventually(() => refused.text().includes('ERR_FORWARD_CLIENT_BUSY'));
    for (const end of held) end();
  });

  test('is its last hop before a trusted load balancer, not the balancer', async () => {
    const held: (() => void)[] = [];
    const { eu } = await pair((_request, response) => void held.push(() => response.end('late')), {
      forward: { maxConcurrent: 8, maxPerClient: 1, trustForwarded: true },
    });
    const post = (from: string) =>
      client(eu.port, `POST / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1, ${from}\r\nContent-Length: 0\r\n\r\n`);
    post('203.0.113.1');
    post('203.0.113.2');
    await eventually(() => held.length === 2);
    const again = post('203.0.113.2');
    await eventually(() => again.text().includes('ERR_FORWARD_CLIENT_BUSY'));
    for (const end of held) end();
  });
});

describe('clients that leave', () => {
  test('cost the primary no new connection each, where the whole request was there', async () => {
    let requests = 0;
    const connections = new Set<Socket>();
    const { us, eu, euGate } = await pair((_request, response) => {
      requests += 1;
      setImmediate(() => response.end('done'));
    });
    us.server.on('connection', (socket) => connections.add(socket));
    for (let times = 1; times <= 50; times += 1) {
      const { socket } = client(eu.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok');
      await eventually(() => requests === times);
      socket.destroy();
      await eventually(() => euGate.stats().inFlight === 0);
    }
    expect(connections.size).toBeLessThanOrEqual(5);
  });

  test('are seen at the primary all the same, by a handler that goes on', async () => {
    let closed = false;
    let requests = 0;
    const { eu, euGate } = await pair((_request, response) => {
      requests += 1;
      response.on('close', () => {
        closed = true;
      });
    });
    const { socket } = client(eu.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok');
    await eventually(() => requests === 1);
    socket.destroy();
    await eventually(() => closed && euGate.stats().inFlight === 0);
  });
});

describe('an answer that came under a large upload', () => {
  const refusing = (server: HttpServer): HttpServer =>
    server.on('request', (request, response) => {
      response.writeHead(request.url === '/door' ? 401 : 413, { Connection: 'close', 'X-App': 'said so' });
      response.end('no more');
    });

  test.each([
    ['/large', 413, false],
    ['/door', 401, false],
    ['/large', 413, true],
  ] as const)(
    'is the answer although the primary closes its connection: %s, over TLS: %s',
    async (path, status, tls) => {
      const server = tls
        ? createTlsServer({ cert: fixture('localhost-cert.pem'), key: fixture('localhost-key.pem') })
        : createHttpServer();
      const upstream = await started(listen(refusing(server as HttpServer)));
      const origin = tls ? upstream.origin.replace('http:', 'https:') : upstream.origin;
      const { eu, failures } = await edgeOf(origin, tls ? { forward: { ca: fixture('localhost-cert.pem') } } : {});
      const length = 16 * 1024 * 1024;
      for (let times = 0; times < 6; times += 1) {
        const head = `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`;
        const text = await raw(eu.port, Buffer.concat([Buffer.from(head), Buffer.alloc(length, 'x')]), /no more/);
        const answer = parseAnswer(text, 'POST');
        expect([answer.status, answer.field('x-app'), answer.body]).toEqual([status, 'said so', 'no more']);
      }
      expect(failures).toEqual([]);
    },
  );
});
