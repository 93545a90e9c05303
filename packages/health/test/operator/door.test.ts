import http from 'node:http';
import http2 from 'node:http2';
import net, { type AddressInfo } from 'node:net';
import { type Decision, live, RegionKitError } from '@regionkit/core';
import { fakeClock, requestView } from '@regionkit/core/testing';
import { afterEach, describe, expect, it, test } from 'vitest';
import { createHealth } from '../../src/index.ts';
import { createOperatorDoor, type OperatorDoor, type OperatorDoorOptions } from '../../src/operator/index.ts';
import { deferred, threeRegions } from '../helpers/fixtures.ts';
import { bearer, fakeRouter, TOKEN } from '../helpers/operator.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A door on a real server, and what its logger was told. */
async function start(options: Partial<OperatorDoorOptions> = {}) {
  const fake = fakeRouter();
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const door = createOperatorDoor({
    regions: threeRegions(),
    token: TOKEN,
    router: fake.router,
    heartbeatMs: 100,
    logger: { info: say, warn: say, error: say },
    ...options,
  });
  closers.push(() => door.close());
  const server = http.createServer(
    door.node((_request, response) => void response.writeHead(404).end('the app')) as http.RequestListener,
  );
  const origin = await listen(server);
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`${origin}${path}`, { headers: bearer(), redirect: 'manual', ...init });
  const order = (action: string, body: unknown) =>
    ask(`/operator/${action}`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { ...fake, door, said, origin, ask, order };
}

async function listen(server: http.Server | http2.Http2Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Reads server-sent events until `enough` of what was read. */
async function readEvents(answer: Response, enough: (text: string) => boolean): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (enough(text)) break;
  }
  return text;
}

describe('who may enter', () => {
  const strangers: Readonly<Record<string, Record<string, string>>> = {
    'no token': {},
    'a wrong token': bearer('x'.repeat(33)),
    'the beginning of the token': bearer(TOKEN.slice(0, -1)),
    'the token and more': bearer(`${TOKEN}x`),
    'an empty token': { authorization: 'Bearer ' },
    'another scheme': { authorization: `Basic ${TOKEN}` },
    'a cookie': { cookie: `token=${TOKEN}` },
    'a very long token': bearer('x'.repeat(5_000)),
  };
  for (const [name, headers] of Object.entries(strangers)) {
    it(`refuses ${name} with the same answer at every path and method, and does nothing`, async () => {
      const { ask, calls } = await start();
      const answers = await Promise.all([
        ask('/operator/status', { headers }),
        ask('/operator/events', { headers }),
        ask('/operator/reset', { headers, method: 'POST', body: '{"reason":"x"}' }),
        ask('/operator/no-such-path', { headers, method: 'DELETE' }),
        ask(`/operator/status?token=${TOKEN}`, { headers }),
      ]);
      const bodies = await Promise.all(answers.map((answer) => answer.text()));
      expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 401, 401]);
      expect(new Set(bodies).size).toBe(1);
      expect(calls).toEqual([]);
    });
  }

  it('takes no second authorization field for the first', () => {
    const { router } = fakeRouter();
    const door = createOperatorDoor({ regions: threeRegions(), token: TOKEN, router });
    const view = requestView({
      path: '/operator/status',
      headers: { authorization: [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`] },
    });
    expect(door.decide(view)).toMatchObject({ action: 'respond', status: 401 });
  });

  it('does not exist without a token: the request goes on to the app', async () => {
    const { ask } = await start({ token: undefined });
    expect(await (await ask('/operator/status')).text()).toBe('the app');
  });

  it('leaves every path to the app that only begins like its own', async () => {
    const { ask } = await start();
    expect(await (await ask('/operators')).text()).toBe('the app');
    expect(await (await ask('/')).text()).toBe('the app');
  });

  it('refuses a short token, an empty one and an empty list at the factory', () => {
    const { router } = fakeRouter();
    const make = (token: never) => () => createOperatorDoor({ regions: threeRegions(), token, router });
    expect(make('x'.repeat(31) as never)).toThrow('createOperatorDoor: token must be at least 32 bytes long');
    expect(make('' as never)).toThrow(RangeError);
    expect(make([] as never)).toThrow(TypeError);
  });

  const useless: Readonly<Record<string, unknown>> = {
    'of spaces': ' '.repeat(40),
    'with a line end, as a file has it': `${TOKEN}\n`,
    'of other letters than ASCII': 'ü'.repeat(40),
    'that is longer than any request can bring': 'x'.repeat(513),
  };
  for (const [name, token] of Object.entries(useless)) {
    it(`refuses a token ${name} at the factory, for no request could match it`, () => {
      const { router } = fakeRouter();
      const make = (given: string | string[]) => () =>
        createOperatorDoor({ regions: threeRegions(), token: given, router });
      const message = 'createOperatorDoor: token must be visible ASCII characters without spaces, at most 512';
      expect(make(token as string)).toThrow(new RangeError(message));
      expect(make([TOKEN, token as string])).toThrow(new RangeError(message));
    });
  }

  const noTokens: Readonly<Record<string, unknown>> = {
    null: null,
    'a number': 7,
    'an object': {},
    'a live value that is undefined': live(undefined),
    'a live value that is null': live(null),
    'a list of undefined': [undefined],
  };
  for (const [name, token] of Object.entries(noTokens)) {
    it(`says what a token must be, given ${name}`, () => {
      const { router } = fakeRouter();
      expect(() => createOperatorDoor({ regions: threeRegions(), token: token as never, router })).toThrow(
        new TypeError('createOperatorDoor: token must be a token or a list of tokens'),
      );
      expect(() => createHealth({ regions: threeRegions(), token: token as never })).toThrow(
        new TypeError('createHealth: token must be a token or a list of tokens'),
      );
    });
  }

  it('goes by a live token: a new one is valid at once, and a short one opens nothing', async () => {
    const token = live<string>(TOKEN);
    const { ask } = await start({ token });
    const next = 'n'.repeat(40);
    token.set(next);
    expect((await ask('/operator/status')).status).toBe(401);
    expect((await ask('/operator/status', { headers: bearer(next) })).status).toBe(200);
    token.set('short');
    expect((await ask('/operator/status', { headers: bearer('short') })).status).toBe(401);
    token.set(undefined as never);
    expect((await ask('/operator/status', { headers: bearer('undefined') })).status).toBe(401);
    token.set(TOKEN);
    expect((await ask('/operator/status')).status).toBe(200);
  });

  it('counts every wrong token and writes one line a minute, without the token', async () => {
    const { ask, said, door } = await start();
    const told: number[] = [];
    door.on('token-refused', ({ times }) => void told.push(times));
    for (let time = 0; time < 3; time += 1) await ask('/operator/status', { headers: bearer(`guess-${time}`) });
    expect(told).toEqual([1, 2, 3]);
    expect(said).toEqual(['operator: a request had no valid token; 1 since the start']);
  });
});

describe('what it tells', () => {
  it('is for the operator alone: no cache, no other origin, no cookie', async () => {
    const { ask } = await start();
    for (const answer of [await ask('/operator/status'), await ask('/operator/status', { headers: {} })]) {
      expect(answer.headers.get('cache-control')).toBe('no-store, private');
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
      expect(answer.headers.get('set-cookie')).toBeNull();
    }
    const preflight = await ask('/operator/reset', {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([401, null]);
  });

  it('says who it is, what it knows of the databases and the regions, and no secret', async () => {
    const health = createHealth({ regions: threeRegions() });
    closers.push(() => health.close());
    const { ask } = await start({ health });
    const status = await (await ask('/operator/status')).json();
    expect(status).toMatchObject({
      format: 1,
      process: { pid: process.pid },
      region: 'a',
      topology: { state: 'ready', nodes: [{ id: 'a/0', position: '1/1', connections: 2 }] },
      stats: { reads: 7 },
      secrets: { b: { token: ['fingerprint-for-b'] } },
      verdict: { failing: [] },
      regions: [{ name: 'a', identified: true }, { name: 'b', reads: 'unknown' }, { name: 'c' }],
    });
    expect(JSON.stringify(status)).not.toContain(TOKEN);
  });

  it('shows the pause of the writes that is on, and what operators declared void', async () => {
    const epoch = { system: '7', timeline: 2, owner: 'b/0', server: 'the-server-of-b' };
    let leftMs = 4_000;
    const { router } = fakeRouter({
      topology: () => ({
        state: 'ready',
        forks: [],
        nodes: [],
        local: { voids: [{ id: 'v', epochs: [epoch] }], pause: { id: 'p', epoch, leftMs, underWay: 3 } },
      }),
    });
    const { ask } = await start({ router });
    const status = async () => (await ask('/operator/status')).json();
    expect(await status()).toMatchObject({
      voids: [{ id: 'v', epochs: [epoch] }],
      pause: { id: 'p', leftMs: 4_000, underWay: 3 },
    });
    leftMs = 0;
    expect(await status()).not.toHaveProperty('pause');
  });

  it('refuses other methods and paths to one who has the token, and says which there are', async () => {
    const { ask } = await start();
    const wrong = await ask('/operator/reset');
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
    expect((await ask('/operator/status', { method: 'POST', body: '{}' })).status).toBe(405);
    expect((await ask('/operator/')).status).toBe(404);
    expect((await ask('/operator/status/../reset')).status).toBe(405);
  });
});

test('a status that cannot be read is an answer of the door, and no request for the app', async () => {
  const fails = (): never => {
    throw new Error('postgresql://app:secret@db');
  };
  const { ask } = await start({ router: fakeRouter({ stats: fails }).router });
  const answer = await ask('/operator/status');
  expect([answer.status, await answer.json()]).toMatchObject([500, { error: 'failed' }]);
});

describe('orders', () => {
  it('carries out each with its reason, and tells of it in the log, the event and the stream', async () => {
    const { order, calls, said, door, ask } = await start();
    const told: object[] = [];
    door.on('order', (ordered) => void told.push(ordered));
    for (const action of ['confirm', 'reset', 'recycle']) {
      const answer = await order(action, { reason: ` the ${action} of a drill ` });
      expect([answer.status, await answer.json()]).toEqual([200, { done: action, state: 'ready' }]);
    }
    expect(calls).toEqual(['confirm', 'reset the reset of a drill', 'recycle']);
    expect(told).toMatchObject([
      { action: 'confirm', outcome: 'done', reason: 'the confirm of a drill' },
      { action: 'reset', outcome: 'done' },
      { action: 'recycle', outcome: 'done' },
    ]);
    expect(said[1]).toBe('operator: reset done, the state is ready; the reason given: the reset of a drill');
    const { events } = (await (await ask('/operator/status')).json()) as { events: { name: string }[] };
    expect(events.map(({ name }) => name)).toEqual(['order', 'order', 'order']);
  });

  const bad: Readonly<Record<string, unknown>> = {
    nothing: '',
    'no JSON': 'reason=x',
    'no object': '["reason"]',
    null: 'null',
    'no reason': {},
    'an empty reason': { reason: '   ' },
    'a reason that is no text': { reason: 7 },
    'a reason of several lines': { reason: 'x\noperator: reset done' },
    'a reason that moves the cursor': { reason: 'x\u001b[2J' },
    'a reason that turns the text around': { reason: 'x\u202e' },
    'a reason that is too long': { reason: 'x'.repeat(501) },
    'another member': { reason: 'x', force: true },
  };
  for (const [name, body] of Object.entries(bad)) {
    it(`refuses ${name}: nothing is done`, async () => {
      const { order, calls, said } = await start();
      expect((await order('reset', body)).status).toBe(400);
      expect([calls, said]).toEqual([[], []]);
    });
  }

  it('takes an order for one process, and not for another one behind the same origin', async () => {
    const { order, calls, ask } = await start();
    const status = (await (await ask('/operator/status')).json()) as { process: { id: string } };
    expect((await order('reset', { reason: 'x', process: 'another' })).status).toBe(421);
    expect(calls).toEqual([]);
    expect((await order('reset', { reason: 'x', process: status.process.id })).status).toBe(200);
    expect(calls).toEqual(['reset x']);
  });

  it('reads no long body to its end, and answers', async () => {
    const { order, calls } = await start();
    expect((await order('reset', { reason: 'x'.repeat(100_000) })).status).toBe(413);
    expect(calls).toEqual([]);
  });

  it('does not wait for ever for a body that does not come', async () => {
    const clock = fakeClock();
    const { origin, calls } = await start({ clock });
    const request = http.request(`${origin}/operator/reset`, {
      method: 'POST',
      headers: { ...bearer(), 'content-length': '50' },
    });
    const answered = new Promise<number | undefined>((resolve) => {
      request.once('response', ({ statusCode }) => resolve(statusCode));
      request.on('error', () => {});
    });
    request.write('{');
    await expect.poll(() => clock.pending, { timeout: 60_000 }).toBeGreaterThan(0);
    await clock.advance(10_000);
    expect(await answered).toBe(408);
    expect(calls).toEqual([]);
  });

  it('leaves no stream of HTTP/2 half open whose body does not come', async () => {
    const clock = fakeClock();
    const { router, calls } = fakeRouter();
    const door = createOperatorDoor({ regions: threeRegions(), token: TOKEN, router, clock });
    const app = (_request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => response.end();
    const server = http2.createServer(door.node(app));
    const streams = new Set<http2.ServerHttp2Stream>();
    server.on('stream', (stream) => {
      streams.add(stream);
      stream.once('close', () => streams.delete(stream));
    });
    const session = http2.connect(await listen(server));
    closers.push(() => session.destroy());
    for (const [body, status] of [
      ['{', 408],
      ['x'.repeat(10_000), 413],
    ] as const) {
      const stream = session.request({ ':path': '/operator/reset', ':method': 'POST', ...bearer() });
      stream.on('error', () => {});
      const ended = new Promise((resolve) => stream.once('end', resolve));
      const head = new Promise<http2.IncomingHttpStatusHeader>((resolve) => stream.once('response', resolve));
      stream.write(body);
      let answer = '';
      stream.on('data', (chunk) => {
        answer += chunk;
      });
      if (status === 408) {
        await expect.poll(() => clock.pending, { timeout: 60_000 }).toBeGreaterThan(0);
        await clock.advance(10_000);
      }
      expect((await head)[':status']).toBe(status);
      await ended;
      await expect.poll(() => streams.size, { timeout: 60_000 }).toBe(0);
      expect(answer).toContain('Nothing was done.');
    }
    expect(calls).toEqual([]);
  });

  it('reads no further in a fetch handler either, once the body is late', async () => {
    const clock = fakeClock();
    const { router } = fakeRouter();
    const door = createOperatorDoor({ regions: threeRegions(), token: TOKEN, router, clock });
    let isCancelled = false;
    const body = new ReadableStream({
      cancel: () => {
        isCancelled = true;
      },
    });
    const init = { method: 'POST', headers: bearer(), body, duplex: 'half' } as RequestInit;
    const answered = door.fetch(() => new Response('the app'))(new Request('https://a.example/operator/reset', init));
    await clock.advance(10_000);
    expect([(await answered).status, isCancelled]).toEqual([408, true]);
  });

  it('says so where a body parser was before it, instead of an order without a reason', async () => {
    const { router, calls } = fakeRouter();
    const door = createOperatorDoor({ regions: threeRegions(), token: TOKEN, router });
    const middleware = door.node();
    const origin = await listen(
      http.createServer(async (request, response) => {
        for await (const _ of request);
        middleware(request, response, () => response.end());
      }),
    );
    const answer = await fetch(`${origin}/operator/reset`, {
      method: 'POST',
      headers: bearer(),
      body: '{"reason":"x"}',
    });
    expect([answer.status, calls]).toEqual([500, []]);
    expect(await answer.text()).toContain('before body parsers');
  });

  it('answers what the router refuses with its code, and a mistake without its text', async () => {
    const said: string[] = [];
    const refused = new RegionKitError('ERR_NO_PRIMARY', 'two nodes write', { status: 503 });
    const { router } = fakeRouter({
      resetEpoch: () => Promise.reject(Object.assign(refused, { reason: 'twin-primaries' })),
      confirmPrimary: () => Promise.reject(new Error('postgresql://app:secret@db')),
    });
    const say = (line: string): void => void said.push(line);
    const { order } = await start({ router, logger: { info: say, warn: say, error: say } });
    const first = await order('reset', { reason: 'x' });
    expect([first.status, await first.json()]).toEqual([
      409,
      { error: 'refused', code: 'ERR_NO_PRIMARY', state: 'twin-primaries', message: 'two nodes write' },
    ]);
    const second = await order('confirm', { reason: 'x' });
    const text = await second.text();
    expect(second.status).toBe(500);
    expect(`${text}${said}`).not.toContain('secret');
    expect(said).toHaveLength(2);
  });

  it('tells of an order that was carried out where the state cannot be read after it', async () => {
    const { router } = fakeRouter({
      topology: () => {
        throw new Error('closed');
      },
    });
    const { order, said } = await start({ router });
    const answer = await order('recycle', { reason: 'x' });
    expect([answer.status, await answer.json()]).toEqual([200, { done: 'recycle', state: 'unknown' }]);
    expect(said).toEqual(['operator: recycle done, the state is unknown; the reason given: x']);
  });

  it('carries out no order whose body came to its end after the close', async () => {
    const { router, calls } = fakeRouter();
    const door = createOperatorDoor({ regions: threeRegions(), token: TOKEN, router });
    const body = new TransformStream<Uint8Array, Uint8Array>();
    const answered = door.fetch(() => new Response('the app'))(
      new Request('https://app.example.com/operator/reset', {
        method: 'POST',
        headers: bearer(),
        body: body.readable,
        duplex: 'half',
      } as RequestInit),
    );
    door.close();
    const writer = body.writable.getWriter();
    await writer.write(Buffer.from('{"reason":"x"}'));
    await writer.close();
    expect((await answered).status).toBe(503);
    expect(calls).toEqual([]);
  });

  it('pauses the writes with what the operator says, and resumes them', async () => {
    const { order, calls } = await start();
    const paused = await order('pause', {
      reason: 'a switchover',
      timeoutMs: 20_000,
      drainTimeoutMs: 5_000,
      processes: { a: 2, b: 1 },
    });
    expect([paused.status, await paused.json()]).toEqual([
      200,
      { done: 'pause', state: 'ready', drained: true, underWay: 0, leftMs: 30_000, waitingFor: [] },
    ]);
    const resumed = await order('resume', { reason: 'the end of a switchover' });
    expect(await resumed.json()).toEqual({ done: 'resume', state: 'ready', resumed: true });
    expect(calls).toEqual(['pause {"timeoutMs":20000,"drainTimeoutMs":5000,"processes":{"a":2,"b":1}}', 'resume']);
    expect((await order('pause', { reason: 'x' })).status).toBe(200);
    expect(calls.at(-1)).toBe('pause {"timeoutMs":30000,"processes":{}}');
  });

  for (const wrong of [
    { timeoutMs: 60_001 },
    { timeoutMs: '20000' },
    { timeoutMs: 0 },
    { timeoutMs: 1_000, drainTimeoutMs: 1_001 },
    { processes: { nowhere: 1 } },
    { processes: { a: 0 } },
    { processes: [1] },
    { processes: { __proto__: null, constructor: 1 } },
    { other: 1 },
  ]) {
    it(`pauses nothing for ${JSON.stringify(wrong)}`, async () => {
      const { order, calls } = await start();
      expect((await order('pause', { reason: 'x', ...wrong })).status).toBe(400);
      expect(calls).toEqual([]);
    });
  }

  it('takes the options of a pause with no other order', async () => {
    const { order, calls } = await start();
    expect((await order('resume', { reason: 'x', timeoutMs: 1_000 })).status).toBe(400);
    expect((await order('reset', { reason: 'x', processes: {} })).status).toBe(400);
    expect(calls).toEqual([]);
  });

  it('ends a pause while the order to pause still waits', async () => {
    const gate = deferred();
    const { router } = fakeRouter({
      pauseWrites: async () => {
        await gate.promise;
        return { drained: false, underWay: 1, leftMs: 1, waitingFor: [{ region: 'b', why: 'no-answer' }] };
      },
      resumeWrites: () => {
        gate.resolve();
        return true;
      },
    });
    const { order } = await start({ router });
    const pausing = order('pause', { reason: 'x' });
    await expect.poll(async () => (await order('recycle', { reason: 'y' })).status, { timeout: 60_000 }).toBe(409);
    expect((await order('resume', { reason: 'z' })).status).toBe(200);
    expect(await (await pausing).json()).toMatchObject({ drained: false, waitingFor: [{ region: 'b' }] });
  });

  it('carries out one at a time', async () => {
    const gate = deferred();
    const { router } = fakeRouter({ resetEpoch: () => gate.promise });
    const { order } = await start({ router });
    const first = order('reset', { reason: 'one' });
    await expect.poll(async () => (await order('recycle', { reason: 'two' })).status, { timeout: 60_000 }).toBe(409);
    gate.resolve();
    expect((await first).status).toBe(200);
    expect((await order('recycle', { reason: 'two' })).status).toBe(200);
  });
});

describe('the pools in the status', () => {
  const pool = (options: object) => ({ options });
  it('have their limits, and no host, role or password', async () => {
    const { ask } = await start({
      pools: {
        a: pool({
          connectionString: 'postgresql://app:hunter2@db.example.com/app?statement_timeout=5000',
          password: 'hunter2',
          ssl: { key: 'hunter2' },
          max: 20,
          keepAlive: true,
          connectionTimeoutMillis: 2_000,
          idleTimeoutMillis: 10_000,
        }),
        b: [pool({ max: 5, query_timeout: 1_000, maxLifetimeSeconds: 60 }), pool({ max: 'hunter2' })],
        c: undefined,
      },
    });
    const text = await (await ask('/operator/status')).text();
    expect(text).not.toMatch(/hunter2|example\.com|"app"/);
    const none = {
      keepAlive: false,
      connectionTimeoutMs: 0,
      queryTimeoutMs: 0,
      statementTimeoutMs: 0,
      maxLifetimeSeconds: 0,
    };
    expect((JSON.parse(text) as { pools: object }).pools).toEqual([
      {
        ...none,
        where: 'a/0',
        max: 20,
        keepAlive: true,
        connectionTimeoutMs: 2_000,
        statementTimeoutMs: 5_000,
        idleTimeoutMs: 10_000,
      },
      { ...none, where: 'b/0', max: 5, queryTimeoutMs: 1_000, maxLifetimeSeconds: 60 },
      { ...none, where: 'b/1' },
    ]);
  });

  it('are not there unless the door was given them', async () => {
    const { ask } = await start();
    expect(await (await ask('/operator/status')).json()).not.toHaveProperty('pools');
  });

  it('must be pools', () => {
    const { router } = fakeRouter();
    const make = (pools: never) => () => createOperatorDoor({ regions: threeRegions(), token: TOKEN, router, pools });
    expect(make('x' as never)).toThrow(TypeError);
    expect(make({ a: 'postgresql://' } as never)).toThrow(TypeError);
  });
});

describe('the stream of events', () => {
  it('ends when its token was replaced: who holds the old one reads no more', async () => {
    const token = live(TOKEN);
    const { ask } = await start({ token, heartbeatMs: 100 });
    const answer = await ask('/operator/events');
    token.set('x'.repeat(33));
    expect(await readEvents(answer, () => false)).toContain('event: status');
  });

  it('sends what was kept, the status, and what happens next', async () => {
    const { ask, emit } = await start();
    emit('primary-lost', { state: 'no-primary' });
    const answer = await ask('/operator/events');
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    let isTold = false;
    const text = await readEvents(answer, (sofar) => {
      if (!isTold && sofar.includes('event: status')) {
        isTold = true;
        emit('primary', { region: 'b', missingForMs: 12 });
      }
      return sofar.includes('"name":"primary"');
    });
    expect(text).toMatch(/id: [\w-]+\.1\nevent: event\ndata: \{"id":1,/);
    expect(text).toContain('"name":"primary-lost"');
  });

  it('goes on after the last event of a listener that comes back, and sends all of another process', async () => {
    const { ask, emit } = await start();
    emit('node', { node: 'first' });
    emit('node', { node: 'second' });
    const all = await readEvents(await ask('/operator/events'), (text) => text.includes('event: status'));
    const id = /id: ([\w-]+)\.1\n/.exec(all)?.[1];
    const resume = async (last: string) =>
      readEvents(await ask('/operator/events', { headers: { ...bearer(), 'last-event-id': last } }), (text) =>
        text.includes('event: status'),
      );
    const events = (text: string) => text.slice(0, text.indexOf('event: status'));
    expect(events(await resume(`${id}.1`))).not.toContain('"first"');
    expect(events(await resume(`${id}.1`))).toContain('"second"');
    expect(events(await resume('another.1'))).toContain('"first"');
    expect(events(await resume('\u00ff'.repeat(100)))).toContain('"first"');
  });

  it('keeps a bounded number of events, and folds hundreds of held or lost writes into one', async () => {
    const { ask, emit } = await start({ maxEvents: 5 });
    for (let at = 0; at < 5; at += 1) emit('node', { node: `n${at}` });
    for (let at = 0; at < 300; at += 1) {
      emit('hold', { waiting: at });
      emit('hold-ended', { heldMs: at, by: 'primary' });
      emit('write-lost-suspected', { lsn: `0/${at}` });
      emit('write-fate-unknown', { lsn: `0/${at}` });
    }
    const { events } = (await (await ask('/operator/status')).json()) as { events: object[] };
    expect(events).toMatchObject([
      { name: 'node', payload: { node: 'n4' } },
      { name: 'hold', times: 300, payload: { waiting: 299 } },
      { name: 'hold-ended', times: 300 },
      { name: 'write-lost-suspected', times: 300 },
      { name: 'write-fate-unknown', times: 300, payload: { lsn: '0/299' } },
    ]);
  });

  it('has a bounded number of listeners, and a place is free when one leaves', async () => {
    const { ask } = await start({ maxListeners: 1 });
    const leave = new AbortController();
    const first = await ask('/operator/events', { signal: leave.signal });
    expect(first.status).toBe(200);
    expect((await ask('/operator/events')).status).toBe(503);
    leave.abort();
    await expect
      .poll(
        async () => {
          const again = await ask('/operator/events');
          await again.body?.cancel();
          return again.status;
        },
        { timeout: 60_000 },
      )
      .toBe(200);
  });

  it('has no more listeners than it may where several are decided about before the first begins', async () => {
    const { router } = fakeRouter();
    const door = createOperatorDoor({ regions: threeRegions(), token: TOKEN, router, maxListeners: 1 });
    const view = requestView({ path: '/operator/events', headers: bearer() });
    const begin = () => {
      const decision = door.decide(view) as Decision;
      if (decision.action !== 'proxy') throw new Error('decided before the stream begins');
      return () => decision.fetch(new Request('https://app.example.com/operator/events'));
    };
    const [first, second, late] = [begin(), begin(), begin()];
    expect([(await first()).status, (await second()).status]).toEqual([200, 503]);
    door.close();
    expect((await late()).status).toBe(503);
  });

  it('closes the connection of a listener that reads nothing, with its socket', async () => {
    const clock = fakeClock();
    const nodes = Array.from({ length: 200_000 }, (_, at) => ({ id: `node ${at}` }));
    const { router } = fakeRouter({ topology: () => ({ state: 'ready', forks: [], nodes }) });
    const { origin } = await start({ router, clock });
    const { hostname, port } = new URL(origin);
    const socket = net.connect(Number(port), hostname);
    socket.on('error', () => {});
    closers.push(() => socket.destroy());
    socket.write(`GET /operator/events HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${TOKEN}\r\n\r\n`);
    await new Promise((resolve) => socket.once('readable', resolve));
    const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    // What is written first fills the buffers of the system.
    for (let beat = 0; beat < 100 && clock.pending > 0; beat += 1) await clock.advance(100);
    expect(clock.pending).toBe(0);
    // Only now it reads: the rest of what was sent was thrown away with the connection.
    socket.resume();
    await ended;
  });

  it('goes on while the status cannot be read: a failure in a beat would end the process', async () => {
    const clock = fakeClock();
    let fails = false;
    const { router, emit } = fakeRouter({
      secrets: () => {
        if (fails) throw new Error('the secret has expired');
        return {};
      },
    });
    const { ask } = await start({ router, clock });
    const answer = await ask('/operator/events');
    fails = true;
    await clock.advance(300);
    emit('primary-lost', {});
    await clock.advance(100);
    fails = false;
    emit('primary', {});
    const text = await readEvents(answer, (sofar) => sofar.includes('"name":"primary"') && sofar.endsWith('}\n\n'));
    expect(text).toContain('"name":"primary-lost"');
    expect(text.match(/^event: status$/gm)).toHaveLength(2);
  });

  it('ends its streams when it is closed, and answers 503 then', async () => {
    const { ask, door } = await start();
    const answer = await ask('/operator/events');
    door.close();
    await answer.text();
    expect((await ask('/operator/status')).status).toBe(503);
  });
});

test('a fetch handler has the same door', async () => {
  const { router, calls, emit } = fakeRouter();
  const door: OperatorDoor = createOperatorDoor({ regions: threeRegions(), token: TOKEN, router });
  closers.push(() => door.close());
  const handle = door.fetch(() => new Response('the app'));
  const ask = (path: string, init: RequestInit = {}) =>
    handle(new Request(`https://app.example.com${path}`, { headers: bearer(), ...init }));
  expect(await (await ask('/orders')).text()).toBe('the app');
  expect((await ask('/operator/status')).status).toBe(200);
  expect((await ask('/operator/reset', { method: 'POST', body: '{"reason":"x"}' })).status).toBe(200);
  expect((await ask('/operator/reset', { method: 'POST', body: 'x'.repeat(9_000) })).status).toBe(413);
  expect(calls).toEqual(['reset x']);
  emit('suspended', {});
  const text = await readEvents(await ask('/operator/events'), (sofar) => sofar.includes('event: status'));
  expect(text).toContain('"suspended"');
});

test.each([3_600_000, -3_600_000])(
  'the ages of the process and of its events stay right when the clock is set by %i ms',
  async (stepMs) => {
    const clock = fakeClock();
    const { ask, emit } = await start({ clock });
    emit('primary-lost', {});
    await clock.advance(5_000);
    const agesNow = async () => {
      const { at, process, events } = (await (await ask('/operator/status')).json()) as {
        at: string;
        process: { startedAt: string };
        events: readonly { atMs: number }[];
      };
      const nowMs = Date.parse(at);
      return { upMs: nowMs - Date.parse(process.startedAt), eventMs: nowMs - (events[0]?.atMs ?? 0) };
    };
    const before = await agesNow();
    expect(before.eventMs).toBe(5_000);
    clock.stepWall(stepMs);
    expect(await agesNow()).toEqual(before);
  },
);
