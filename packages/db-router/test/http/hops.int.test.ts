import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { defineRegions, live } from '@regionkit/core';
import type { RegionSecrets } from '@regionkit/core/kit';
import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, test } from 'vitest';
import { NoPrimaryError } from '../../src/errors.ts';
import { createWriteGate } from '../../src/http/index.ts';
import { ask } from './answer.ts';
import { EPOCH, eventually, listen, raw, regionsOf, SECRET, serve, stubRouter } from './helpers.ts';
import { bodyOf, edgeOf, gateOf, pair, started } from './pair.ts';

const done = (_request: unknown, response: { end(text: string): void }): void => response.end('done');

describe('a request that was forwarded once', () => {
  test('is not forwarded again by a region that believes in a third: 421, then 503', async () => {
    const { eu, us, usRouter, euRouter, failures } = await pair(done);
    usRouter.primary = 'eu-west-1';
    const seen: unknown[] = [];
    us.server.on('request', (request) => seen.push(request.headers['x-region-hop']));

    const answer = await ask(eu.port, 'POST', '/orders', ['Content-Length: 5'], 'hello');
    expect([answer.status, answer.field('retry-after')]).toEqual([503, '1']);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_FORWARD_NOT_PRIMARY', outcome: 'rejected' });
    expect(answer.field('proxy-status')).toBe(
      'regionkit.eu-west-1; error=destination_unavailable; next-hop="us-east-1"; received-status=421; details="rejected"',
    );
    expect(answer.field('x-region-hint')).toBeUndefined();
    expect(seen).toHaveLength(1);
    expect(euRouter.doubts).toBe(1);
    expect(failures).toHaveLength(1);
  });

  test('is a read there if it was one here, and a write if it was taken for one here', async () => {
    let asked = 0;
    const isWrite = (): boolean => {
      asked += 1;
      return asked === 2;
    };
    const { eu, usRouter, euRouter } = await pair(done, { isWrite });
    euRouter.outOfReach = true;
    expect((await ask(eu.port, 'GET', '/')).body).toBe('done');
    expect((await ask(eu.port, 'GET', '/')).body).toBe('done');
    expect(usRouter.scopes.map(({ access }) => access)).toEqual(['read', 'write']);
    // A read is served there by whatever has what its token asks for, whoever is the primary.
    usRouter.primary = undefined;
    expect((await ask(eu.port, 'GET', '/')).body).toBe('done');
  });

  test('tells the other region the highest epoch, by which a stale primary learns that it is fenced', async () => {
    const { eu, usRouter } = await pair(done);
    const learnEpoch = usRouter.gate.learnEpoch;
    usRouter.gate.learnEpoch = (epoch, from) => {
      learnEpoch(epoch, from);
      usRouter.primary = 'eu-west-1';
    };
    expect((await ask(eu.port, 'POST', '/orders')).status).toBe(503);
    expect(usRouter.heard).toEqual([EPOCH]);
  });

  test('goes on in a region that became the primary meanwhile, and waits there while none is known', async () => {
    const { eu, usRouter } = await pair(done);
    usRouter.primary = undefined;
    let promote: (region: 'us-east-1') => void = () => {};
    usRouter.hold = () =>
      new Promise((resolve) => {
        promote = resolve;
      });
    const answer = ask(eu.port, 'POST', '/orders');
    await eventually(() => {
      promote('us-east-1');
      return usRouter.scopes.length > 0;
    });
    expect((await answer).body).toBe('done');
  });

  test('carries the answer of a region that found no primary, as it is', async () => {
    const { eu, usRouter, failures } = await pair(done);
    usRouter.primary = undefined;
    usRouter.hold = () => Promise.reject(new NoPrimaryError('no-primary', 'timed-out'));
    const answer = await ask(eu.port, 'POST', '/orders');
    expect([answer.status, answer.field('retry-after')]).toEqual([503, '1']);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_NO_PRIMARY', outcome: 'not-sent' });
    expect(failures).toEqual([]);
  });

  test('and that a balancer sent to a second region as well is not said to be rejected: the first may have done it', async () => {
    // The balancer at the name of us-east-1 passes the request to us-east-1, loses the answer, and asks the other server.
    let ran = 0;
    const us = await started(listen(createServer()));
    const eu = await started(listen(createServer()));
    const third = await started(listen(createServer()));
    const balancer = await started(
      serve((request, response) => {
        const to = (origin: string) =>
          fetch(`${origin}${request.url}`, {
            method: 'POST',
            headers: { 'x-region-hop': String(request.headers['x-region-hop']) },
          });
        void to(us.origin)
          .then(() => to(third.origin))
          .then(async (second) => {
            response.writeHead(second.status, [...second.headers].flat());
            response.end(await second.text());
          });
      }),
    );
    const origins = { 'us-east-1': balancer.origin, 'eu-west-1': eu.origin };
    const primary = gateOf('us-east-1', origins);
    us.server.on(
      'request',
      primary.gate.node((_request, response) => {
        ran += 1;
        response.end('done');
      }),
    );
    const edge = gateOf('eu-west-1', origins);
    eu.server.on('request', edge.gate.node(done as never));
    const all = { ...origins, 'ap-south-1': third.origin };
    const regions = defineRegions({
      self: 'ap-south-1',
      all: Object.fromEntries(Object.entries(all).map(([name, origin]) => [name, { origin }])),
      development: true,
    });
    const router = Object.assign(stubRouter('us-east-1'), { self: regions.self, regions });
    const gate = createWriteGate({ router: router as never, forward: { secret: SECRET } });
    third.server.on('request', gate.node(done as never));

    const answer = await ask(eu.port, 'POST', '/orders');
    expect(ran).toBe(1);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_FORWARD_UNMARKED_ANSWER', outcome: 'unknown' });
    await gate.close();
  });

  test('and comes back to the region it was forwarded by is a loop, told as one', async () => {
    const eu = await started(listen(createServer()));
    const other = await started(listen(createServer()));
    // The name of us-east-1 leads to eu-west-1: by way of another server, since two regions cannot share an origin.
    const { gate } = gateOf('eu-west-1', { 'us-east-1': other.origin, 'eu-west-1': eu.origin });
    for (const { server } of [eu, other]) server.on('request', gate.node(done as never));
    const marks: string[] = [];
    other.server.prependListener('request', (request) => marks.push(String(request.headers['x-region-hop'])));
    const decisions: string[] = [];
    gate.on('decision', ({ reason }) => decisions.push(reason));
    const answer = await ask(eu.port, 'POST', '/orders');
    // What came back is not signed: something on the way may have sent the request to another region as well.
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ code: 'ERR_FORWARD_UNMARKED_ANSWER', outcome: 'unknown' });
    expect(decisions).toEqual(['forwarded', 'loop']);
    const back = await ask(other.port, 'POST', '/orders', [`X-Region-Hop: ${marks[0]}`]);
    expect(back.field('proxy-status')).toBe('regionkit.eu-west-1; error=proxy_loop_detected');
    expect(JSON.parse(back.body)).toMatchObject({ code: 'ERR_FORWARD_LOOP' });
    expect([back.body.includes('outcome'), back.field('x-region-hop')]).toEqual([false, undefined]);
  });

  test('ends after one hop when each region takes the other for the primary', async () => {
    const servers = await Promise.all([started(listen(createServer())), started(listen(createServer()))]);
    const [us, eu] = servers;
    const origins = { 'us-east-1': us.origin, 'eu-west-1': eu.origin };
    let requests = 0;
    for (const [server, self, other] of [
      [us, 'us-east-1', 'eu-west-1'],
      [eu, 'eu-west-1', 'us-east-1'],
    ] as const) {
      const { gate, router } = gateOf(self, origins);
      router.primary = other;
      server.server.on('request', () => {
        requests += 1;
      });
      server.server.on('request', gate.node(done as never));
    }
    expect((await ask(eu.port, 'POST', '/')).status).toBe(503);
    expect(requests).toBe(2);
    expect((await ask(us.port, 'POST', '/')).status).toBe(503);
    expect(requests).toBe(4);
  });

  test('is served by each of two regions that both take themselves for the primary, and by no other', async () => {
    const { eu, us, euRouter } = await pair(done);
    euRouter.primary = 'eu-west-1';
    expect((await ask(eu.port, 'POST', '/')).body).toBe('served in eu');
    expect((await ask(us.port, 'POST', '/')).body).toBe('done');
  });
});

describe('a mark', () => {
  test('that is sent again gains nothing: the request is what it would be without one', async () => {
    const marks: string[] = [];
    const { eu, us, usRouter, usGate } = await pair((request, response, gate) => {
      marks.push(String(request.headers['x-region-hop']));
      response.end(JSON.stringify([request.method, gate.hop(request)?.from ?? null]));
    });
    await ask(eu.port, 'POST', '/orders');
    const heard: unknown[] = [];
    usGate.on('hop', (event) => heard.push(event));
    const replay = (port: number, method: string, path: string) =>
      ask(port, method, path, [`X-Region-Hop: ${marks[0]}`]);

    expect((await replay(us.port, 'POST', '/orders')).body).toBe('["POST","eu-west-1"]');
    expect((await ask(us.port, 'POST', '/orders')).body).toBe('["POST",null]');
    // On another request, or in another region, it is not even believed; and it may only stop.
    expect((await replay(us.port, 'POST', '/admin')).body).toBe('["POST",null]');
    expect((await replay(us.port, 'DELETE', '/orders')).body).toBe('["DELETE",null]');
    expect((await replay(eu.port, 'POST', '/orders')).status).toBe(502);
    usRouter.primary = 'eu-west-1';
    expect((await replay(us.port, 'POST', '/orders')).status).toBe(421);
    expect(heard).toEqual([
      { mark: 'valid', from: 'eu-west-1' },
      { mark: 'invalid' },
      { mark: 'invalid' },
      { mark: 'valid', from: 'eu-west-1' },
    ]);
  });

  test('whose time is out only withdraws the trust in it', async () => {
    const { eu, us } = await pair((request, response, gate) => {
      response.end(JSON.stringify([String(request.headers['x-region-hop']), gate.hop(request) !== undefined]));
    });
    const [mark, trusted] = JSON.parse((await ask(eu.port, 'POST', '/orders')).body);
    expect(trusted).toBe(true);
    const clock = fakeClock({ wallMs: Date.now() + 31_000 });
    const later = stubRouter('us-east-1');
    later.regions = regionsOf('us-east-1', { 'us-east-1': us.origin, 'eu-west-1': eu.origin });
    const gate = createWriteGate({ router: later, forward: { secret: SECRET }, clock });
    const server = await started(
      serve(gate.node((request, response) => response.end(String(gate.hop(request) !== undefined))) as never),
    );
    expect((await ask(server.port, 'POST', '/orders', [`X-Region-Hop: ${mark}`])).body).toBe('false');
    expect(later.heard).toEqual([]);
  });

  test('of a client is replaced, and cannot be taken off by naming it in Connection', async () => {
    const { us, eu } = await pair((request, response) => {
      response.end(JSON.stringify([request.headers['x-region-hop'] !== undefined, request.headers.via]));
    });
    const text = await raw(
      eu.port,
      'POST / HTTP/1.1\r\nHost: a\r\nConnection: close, x-region-hop, via, x-forwarded-for\r\nContent-Length: 0\r\n\r\n',
    );
    expect(text).toMatch(/\[true,"1\.1 regionkit"\]$/);
    // Brought along, it stops the request where it is.
    const stopped = await ask(eu.port, 'POST', '/', ['X-Region-Hop: v1.forged']);
    expect([stopped.status, stopped.body.includes('outcome')]).toEqual([502, false]);
    expect((await ask(us.port, 'POST', '/', ['X-Region-Hop: v1.forged'])).status).toBe(200);
  });

  test('says how long somebody waits for the answer, less the time the write was held', async () => {
    const us = await started(serve((request, response) => response.end(String(request.headers['x-region-hop']))));
    const clock = fakeClock();
    const origins = { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' };
    const router = stubRouter('eu-west-1', undefined);
    router.primary = undefined;
    let promote: ((region: 'us-east-1') => void) | undefined;
    router.hold = () =>
      new Promise((resolve) => {
        promote = resolve;
      });
    router.regions = regionsOf('eu-west-1', origins);
    const gate = createWriteGate({ router, forward: { secret: SECRET, deadlineMs: 5_000 }, clock });
    const eu = await started(serve(gate.node(done as never) as never));
    let holding = 0;
    gate.on('hold', () => {
      holding += 1;
    });
    const answer = ask(eu.port, 'POST', '/');
    await eventually(() => holding === 1);
    await clock.advance(1_200);
    promote?.('us-east-1');
    const deadline = Number.parseInt((await answer).body.split('.')[4] as string, 36);
    expect(deadline).toBe(3_800);
    await gate.close();
  });
});

describe('what a request says of where it came from', () => {
  const echo = (request: { headers: Record<string, unknown> }, response: { end(text: string): void }): void => {
    response.end(JSON.stringify(request.headers));
  };

  test('reaches the primary: client, host, scheme; origin, credentials and keys unchanged', async () => {
    const { us, eu } = await pair(echo as never);
    const sent = {
      origin: 'https://app.example.com',
      authorization: 'Bearer x',
      cookie: 'csrf=1; region-token=v1.x',
      'idempotency-key': '"8e03978e-40d5-43dd-bc93-6894a57f9324"',
      'x-request-id': 'r-1',
      'x-csrf-token': 'c',
    };
    const fields = Object.entries(sent).map(([name, value]) => `${name}: ${value}`);
    const seen = JSON.parse((await ask(eu.port, 'POST', '/', [...fields, 'X-Forwarded-For: 127.0.0.1'])).body);
    expect(seen).toMatchObject({
      ...sent,
      host: new URL(us.origin).host,
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-host': 'app.example.com',
      'x-forwarded-proto': 'http',
    });
    const spoofed = JSON.parse(
      (await ask(eu.port, 'POST', '/', ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https'])).body,
    );
    expect([spoofed['x-forwarded-for'], spoofed['x-forwarded-proto']]).toEqual(['127.0.0.1', 'http']);
  });

  test('is believed of a trusted load balancer', async () => {
    const { eu } = await pair(echo as never, {
      forward: { trustForwarded: (request) => request.header('x-lb-secret')[0] === 's' },
    });
    const fields = ['X-Forwarded-For: 203.0.113.9', 'X-Forwarded-Proto: https', 'X-Forwarded-Host: shop.example.com'];
    const seen = JSON.parse((await ask(eu.port, 'POST', '/', [...fields, 'X-LB-Secret: s'])).body);
    expect([seen['x-forwarded-for'], seen['x-forwarded-proto'], seen['x-forwarded-host']]).toEqual([
      '203.0.113.9, 127.0.0.1',
      'https',
      'shop.example.com',
    ]);
    const spoofed = JSON.parse((await ask(eu.port, 'POST', '/', fields)).body);
    expect(spoofed['x-forwarded-for']).toBe('127.0.0.1');
  });
});

test('a hold ends when the client leaves', async () => {
  const { eu, euRouter } = await edgeOf('http://127.0.0.1:1');
  euRouter.primary = undefined;
  let held: AbortSignal | undefined;
  euRouter.hold = (signal) => {
    held = signal;
    return new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(new NoPrimaryError('no-primary', 'timed-out'))),
    );
  };
  const client = new AbortController();
  const gone = fetch(`${eu.origin}/`, { method: 'POST', body: 'x', signal: client.signal }).catch(() => 'gone');
  await eventually(() => held !== undefined);
  client.abort();
  expect(await gone).toBe('gone');
  await eventually(() => held?.aborted === true);
});

test('a request that was paused before the gate, to lose none of its body, is forwarded whole', async () => {
  const us = await started(serve((request, response) => void bodyOf(request).then((body) => response.end(body))));
  const { gate } = gateOf('eu-west-1', { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' });
  const door = gate.node(() => {});
  const eu = await started(
    serve((request, response) => {
      request.pause();
      setImmediate(() => door(request, response));
    }),
  );
  for (const body of ['hello', 'hello '.repeat(10_000)]) {
    expect((await ask(eu.port, 'POST', '/', [`Content-Length: ${body.length}`], body)).body).toBe(body);
  }
});

test('a body that was read before the gate is an error that names the fix, and no hang', async () => {
  const us = await started(serve(done as never));
  const { gate, failures } = gateOf('eu-west-1', { 'us-east-1': us.origin, 'eu-west-1': 'http://127.0.0.1:1' });
  const middleware = gate.node();
  const eu = await started(
    serve((request, response) => {
      if (request.url === '/begun') {
        request.once('data', () => middleware(request, response, () => {}));
        return;
      }
      void bodyOf(request).then(() => middleware(request, response, () => {}));
    }),
  );
  for (const path of ['/parsed', '/begun']) {
    const answer = await ask(eu.port, 'POST', path, ['Content-Length: 5'], 'hello');
    expect(answer.status).toBe(500);
    expect(JSON.parse(answer.body)).toMatchObject({
      code: 'ERR_FORWARD_BODY_CONSUMED',
      outcome: 'not-sent',
      detail: expect.stringContaining('mount the gate before body parsers'),
    });
  }
  expect(failures).toHaveLength(2);
});

describe('a key pair for each region', () => {
  const pairOf = () => {
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    return {
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    };
  };

  test('carries a write and its answer, and shuts out a region whose public key is taken away', async () => {
    const [usKeys, euKeys] = [pairOf(), pairOf()];
    const publicKeys = { 'us-east-1': usKeys.publicKey, 'eu-west-1': euKeys.publicKey };
    const [us, eu] = await Promise.all([started(listen(createServer())), started(listen(createServer()))]);
    const origins = { 'us-east-1': us.origin, 'eu-west-1': eu.origin };
    const secret = live<RegionSecrets>({ privateKey: usKeys.privateKey, publicKeys });
    const primary = gateOf('us-east-1', origins, { forward: { secret } });
    const edge = gateOf('eu-west-1', origins, { forward: { secret: { privateKey: euKeys.privateKey, publicKeys } } });
    us.server.on(
      'request',
      primary.gate.node((request, response) => {
        (response as unknown as { writeHead(status: number): void }).writeHead(500);
        response.end(primary.gate.hop(request)?.from ?? 'nobody');
      }),
    );
    eu.server.on('request', edge.gate.node(done as never));

    const answer = await ask(eu.port, 'POST', '/');
    expect([answer.status, answer.body]).toEqual([500, 'eu-west-1']);
    expect(primary.router.heard).toEqual([EPOCH]);

    secret.set({ privateKey: usKeys.privateKey, publicKeys: {} });
    // It is one client among others now: its mark is not believed, and its answer carries none.
    expect((await ask(eu.port, 'POST', '/')).status).toBe(502);
    expect(primary.router.heard).toEqual([EPOCH]);
    // Nor is anything sent to a region that has no key here.
    primary.router.primary = 'eu-west-1';
    const refused = await ask(us.port, 'POST', '/');
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'ERR_FORWARD_UNREACHABLE', outcome: 'not-sent' });
  });
});
