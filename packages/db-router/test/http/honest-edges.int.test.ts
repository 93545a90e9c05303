import { request as httpRequest } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { createKeyring } from '@regionkit/core/kit';
import { describe, expect, test } from 'vitest';
import { readAnswer, signAnswer } from '../../src/http/answer-mark.ts';
import { ask } from './answer.ts';
import { eventually, listen, raw, SECRET, serve } from './helpers.ts';
import { bodyOf, edgeOf, gateOf, pair, started } from './pair.ts';

/** A primary whose app says what it was sent. */
const echo = () =>
  pair((request, response) => {
    void bodyOf(request).then((body) => {
      const { method, url, headers } = request;
      response.end(JSON.stringify({ method, url, headers, body: body.toString('latin1') }));
    });
  });

describe('what a client says about its connection', () => {
  test.each([
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X-Forwarded-Host',
    'Forwarded',
    'X-Real-IP',
    'X-Region-Token',
    'Cookie',
    'Authorization',
  ])('takes nothing away that the primary decides by: Connection: %s', async (name) => {
    const { eu } = await pair((request, response) => response.end(JSON.stringify(request.headers)), {
      forward: { trustForwarded: true },
    });
    const value = name === 'X-Forwarded-For' ? '198.51.100.9' : 'said';
    const answer = await ask(eu.port, 'POST', '/', [`Connection: ${name}`, `${name}: ${value}`, 'Content-Length: 0']);
    expect(JSON.parse(answer.body)[name.toLowerCase()]).toMatch(new RegExp(`^${value}`));
  });
});

describe('a request whose connection is broken before it was forwarded', () => {
  test('is not forwarded: a junk byte behind a small body', async () => {
    const seen: string[] = [];
    const { eu } = await pair((request, response) => {
      seen.push(String(request.url));
      response.end('done');
    });
    const text = await raw(eu.port, 'POST /junk HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\0');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask(eu.port, 'POST', '/next')).body).toBe('done');
    expect(seen).toEqual(['/next']);
  });

  test('nor where the app itself answers what the parser cannot read', async () => {
    const seen: string[] = [];
    const { eu } = await pair((request, response) => {
      seen.push(String(request.url));
      response.end('done');
    });
    eu.server.on('clientError', (_error, socket) =>
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'),
    );
    const text = await raw(eu.port, 'POST /junk HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\0');
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect((await ask(eu.port, 'POST', '/next')).body).toBe('done');
    expect(seen).toEqual(['/next']);
  });

  test('keeps the address of a client that was held while it was there', async () => {
    const { eu, euRouter } = await echo();
    euRouter.primary = undefined;
    let promote: ((region: 'us-east-1') => void) | undefined;
    euRouter.hold = () =>
      new Promise((resolve) => {
        promote = resolve;
      });
    const answer = ask(eu.port, 'POST', '/', ['Content-Length: 0']);
    await eventually(() => promote !== undefined);
    promote?.('us-east-1');
    expect(JSON.parse((await answer).body).headers['x-forwarded-for']).toMatch(/127\.0\.0\.1$/);
  });
});

describe('a request that is right at the primary is right when it is forwarded', () => {
  test('in absolute-form', async () => {
    const { eu } = await echo();
    const answer = await ask(eu.port, 'POST', 'http://shop.example.com/orders?x=1', ['Content-Length: 2'], 'ok');
    expect(answer.status).toBe(200);
    const seen = JSON.parse(answer.body);
    expect([seen.url, seen.body, seen.headers['x-forwarded-host']]).toEqual(['/orders?x=1', 'ok', 'shop.example.com']);
  });

  test.each([4_000, 15_000, 15_700, 15_900, 16_000, 16_200, 16_300])(
    'or is refused before anything is sent, by its own code: a head with a field of %i bytes',
    async (size) => {
      const { us, eu, failures } = await echo();
      const fields = ['Content-Length: 2', `X-Large: ${'x'.repeat(size)}`];
      const direct = await ask(us.port, 'POST', '/', fields, 'ok');
      const answer = await ask(eu.port, 'POST', '/', fields, 'ok');
      if (answer.status === 200) {
        expect([direct.status, JSON.parse(answer.body).headers['x-large'].length]).toEqual([200, size]);
        return;
      }
      // Node's own word, in either region, or ours.
      expect(answer.status).toBe(431);
      if (direct.status === 431) return;
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_FORWARD_HEAD_TOO_LARGE', outcome: 'not-sent' });
      expect(failures.map(({ code }) => code)).toEqual(['ERR_FORWARD_HEAD_TOO_LARGE']);
    },
  );

  test('keeps its mark at a server that takes only so many fields', async () => {
    const { us, eu } = await echo();
    us.server.maxHeadersCount = 20;
    const many = Array.from({ length: 40 }, (_, at) => `X-${at}: ${at}`);
    const { headers } = JSON.parse((await ask(eu.port, 'POST', '/', [...many, 'Content-Length: 0'])).body);
    expect(Object.keys(headers)).toEqual(expect.arrayContaining(['x-region-hop', 'x-forwarded-for', 'via']));
  });

  test.each(['gzip, chunked', 'deflate, chunked', 'identity, chunked'])(
    'or is 501: a body whose coding would be lost, Transfer-Encoding: %s',
    async (coding) => {
      const { eu, usRouter } = await echo();
      const answer = await ask(eu.port, 'POST', '/', [`Transfer-Encoding: ${coding}`], '2\r\nok\r\n0\r\n\r\n');
      expect(answer.status).toBe(501);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_FORWARD_TRANSFER_CODING', outcome: 'not-sent' });
      expect(usRouter.scopes).toEqual([]);
    },
  );
});

describe('an answer', () => {
  test("of 421 is the app's where the app gave it", async () => {
    const { eu, euRouter, failures } = await pair((_request, response) => {
      response.writeHead(421, { 'X-App': '1' });
      response.end('not this host');
    });
    const answer = await ask(eu.port, 'POST', '/');
    expect([answer.status, answer.field('x-app'), answer.body]).toEqual([421, '1', 'not this host']);
    expect([failures, euRouter.doubts]).toEqual([[], 0]);
  });

  test.each([200, 404, 500, 503])(
    'of %i that the gate of the primary has marked is passed on, without the mark',
    async (status) => {
      const { eu, failures } = await pair((_request, response) => {
        response.writeHead(status);
        response.end('of the app');
      });
      const answer = await ask(eu.port, 'POST', '/');
      expect([answer.status, answer.body, answer.field('x-region-hop')]).toEqual([status, 'of the app', undefined]);
      expect(failures).toEqual([]);
    },
  );

  test.each([500, 502, 503, 504])('of %i that something between the regions gave is unknown', async (status) => {
    const balancer = await started(
      serve((_request, response) => {
        response.writeHead(status, { 'Content-Type': 'text/html' });
        response.end('<h1>balancer</h1>');
      }),
    );
    const { eu, failures } = await edgeOf(balancer.origin);
    const answer = await ask(eu.port, 'POST', '/');
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_FORWARD_UNMARKED_ANSWER', outcome: 'unknown' });
    expect(answer.field('proxy-status')).toBe(
      `regionkit.eu-west-1; error=destination_unavailable; next-hop="us-east-1"; received-status=${status}; details="unknown"`,
    );
    expect(failures).toHaveLength(1);
  });

  test('whose mark belongs to another request counts as unmarked', async () => {
    const marks: string[] = [];
    const us = await started(serve((request, response) => void usGate(request, response)));
    const { gate } = gateOf('us-east-1', { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' });
    const usGate = gate.node((_request, response) => {
      (response as unknown as { writeHead(status: number): void }).writeHead(503);
      response.end('of the app');
    });
    // A cache in between that gives the answer to the first request to the second.
    const cache = await started(
      serve((request, response) => {
        if (marks.length > 0) {
          response.writeHead(503, { 'X-Region-Hop': marks[0] ?? '' });
          response.end('of the app');
          return;
        }
        httpRequest(us.origin, { method: 'POST', headers: request.headers }, (answer) => {
          marks.push(String(answer.headers['x-region-hop']));
          response.writeHead(503, { 'X-Region-Hop': marks[0] ?? '' });
          answer.pipe(response);
        }).end();
      }),
    );
    const { eu } = await edgeOf(cache.origin);
    expect((await ask(eu.port, 'POST', '/')).status).toBe(503);
    expect((await ask(eu.port, 'POST', '/')).status).toBe(502);
  });

  test('that is not passed on is not read for ever either', async () => {
    const ended: boolean[] = [];
    const endless = await started(
      listen(
        createTcpServer((socket: Socket) => {
          socket.on('error', () => {});
          socket.once('data', () => {
            socket.write('HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n');
            const timer = setInterval(() => socket.write(`4000\r\n${'x'.repeat(0x4000)}\r\n`), 1);
            socket.on('close', () => {
              clearInterval(timer);
              ended.push(true);
            });
          });
        }) as never,
      ),
    );
    const { eu } = await edgeOf(endless.origin);
    expect((await ask(eu.port, 'POST', '/')).status).toBe(502);
    await eventually(() => ended.length === 1);
  });
});

describe('a mark on an answer', () => {
  test('is made for no mark that is forged, nor for one that was made for another request', async () => {
    const seen: string[] = [];
    const { us, eu } = await pair((request, response) => {
      seen.push(String(request.headers['x-region-hop']));
      response.end('done');
    });
    await ask(eu.port, 'POST', '/orders');
    const withMark = (path: string, mark: string) => ask(us.port, 'POST', path, [`X-Region-Hop: ${mark}`]);
    expect((await withMark('/orders', seen[0] ?? '')).field('x-region-hop')).toMatch(/^v1\.a\./);
    expect((await withMark('/other', seen[0] ?? '')).field('x-region-hop')).toBeUndefined();
    expect((await withMark('/orders', 'v1.eu-west-1.us-east-1.forged')).field('x-region-hop')).toBeUndefined();
  });
});

describe('readAnswer()', () => {
  test('believes the word of the region that was asked, and of no other', () => {
    const keyring = createKeyring({ option: 'test: secret', secrets: SECRET, purpose: 'hop answer v1' });
    const said = signAnswer(keyring, 'turned-back', 'v1.mark', 'us-east-1') as string;
    expect(readAnswer(keyring, 'v1.mark', 'us-east-1', ['X-Region-Hop', said])).toBe('turned-back');
    expect(readAnswer(keyring, 'v1.mark', 'ap-south-1', ['X-Region-Hop', said])).toBeUndefined();
  });
});

describe('interim answers without an end', () => {
  test('are not passed on without an end', async () => {
    const flood = await started(
      listen(
        createTcpServer((socket: Socket) => {
          socket.on('error', () => {});
          socket.once('data', () => {
            const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n';
            socket.write(`${hint.repeat(500)}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone`);
          });
        }) as never,
      ),
    );
    const { eu } = await edgeOf(flood.origin);
    const answer = await ask(eu.port, 'POST', '/');
    expect([answer.body, answer.interim.length]).toEqual(['done', 16]);
  });
});

describe('the fetch door', () => {
  test('passes the address on that the app knows of its client', async () => {
    const us = await started(serve((request, response) => response.end(String(request.headers['x-forwarded-for']))));
    const origins = { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' };
    const addresses = new WeakMap<object, string>();
    const { gate } = gateOf('eu-west-1', origins, {
      forward: { clientAddress: ({ raw: request }) => addresses.get(request) },
    });
    const door = gate.fetch(() => new Response('local'));
    const send = async (address?: string): Promise<string> => {
      const request = new Request('https://app.example.com/', {
        method: 'POST',
        headers: { 'X-Forwarded-For': '1.1.1.1' },
      });
      if (address !== undefined) addresses.set(request, address);
      return (await door(request)).text();
    };
    expect(await send('203.0.113.7')).toBe('203.0.113.7');
    expect(await send('2001:db8::7')).toBe('2001:db8::7');
    expect(await send('evil, 1.2.3.4')).toBe('undefined');
    expect(await send()).toBe('undefined');
  });
});
