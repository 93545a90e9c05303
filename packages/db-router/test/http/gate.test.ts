import { createServer, get, type IncomingMessage } from 'node:http';
import {
  defineRegions,
  fakeView,
  live,
  type NextDecision,
  type ProxyDecision,
  RegionKitError,
  type ResponseHead,
} from '@regionkit/core';
import { createRegionKeyring } from '@regionkit/core/kit';
import { fakeClock, type RequestParts, requestView } from '@regionkit/core/testing';
import { Pool } from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { createEpochPacker, signHop } from '../../src/http/hop.ts';
import { createWriteGate, type WriteGateOptions } from '../../src/http/index.ts';
import { collect } from './collect.ts';
import { listen, type Name, ORIGINS, regionsOf, SECRET, type StubRouter, stubRouter } from './helpers.ts';

type Options = Partial<Omit<WriteGateOptions<Name>, 'router'>>;

function setUp(options: Options = {}, router: StubRouter = stubRouter('eu-west-1')) {
  const clock = fakeClock();
  const gate = createWriteGate({ router, forward: { secret: SECRET }, clock, ...options });
  return { gate, router, clock, decide: (parts: RequestParts = {}) => gate.decide(requestView(parts)) };
}

function headOf(given: Readonly<Record<string, string>> = {}): ResponseHead & { readonly all: [string, string][] } {
  let all = Object.entries(given);
  const is = (name: string) => (field: readonly [string, string]) => field[0].toLowerCase() === name.toLowerCase();
  return {
    get all() {
      return all;
    },
    status: 200,
    get: (name) => all.filter(is(name)).map(([, value]) => value),
    set: (name, value) => {
      all = [...all.filter((field) => !is(name)(field)), [name, value]];
    },
    append: (name, value) => void all.push([name, value]),
  };
}

describe('gate.decide()', () => {
  test.each(['GET', 'HEAD', 'OPTIONS', 'TRACE'])('opens a read scope for %s and lets it through', (method) => {
    const { router, decide } = setUp();
    expect(decide({ method })).toMatchObject({ action: 'next', reason: 'read' });
    expect(router.scopes).toEqual([{ tokens: [], access: 'read' }]);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])('forwards %s while the primary is elsewhere', (method) => {
    const { router, decide } = setUp();
    expect(decide({ method })).toMatchObject({ action: 'proxy', reason: 'forwarded' });
    expect(router.scopes).toEqual([]);
  });

  test('lets a write through in a write scope where the primary is', () => {
    const { router, decide } = setUp({}, stubRouter('eu-west-1', 'eu-west-1'));
    expect(decide({ method: 'POST' })).toMatchObject({ action: 'next', reason: 'primary-here' });
    expect(router.scopes).toEqual([{ tokens: [], access: 'write' }]);
  });

  test('runs the handler inside the scope', () => {
    const { router, decide } = setUp();
    const decision = decide() as { scope<T>(run: () => T): T };
    expect(decision.scope(() => router.entered)).toBe(1);
  });

  test('believes isWrite over the method, and the method where it does not say', () => {
    const { router, decide } = setUp({
      isWrite: ({ path }) => (path === '/search' ? false : path === '/unsubscribe' ? true : undefined),
    });
    expect(decide({ method: 'POST', target: '/search' })).toMatchObject({ reason: 'read' });
    expect(decide({ method: 'GET', target: '/unsubscribe' })).toMatchObject({ reason: 'forwarded' });
    expect(decide({ method: 'POST' })).toMatchObject({ reason: 'forwarded' });
    expect(decide({ method: 'GET' })).toMatchObject({ reason: 'read' });
    expect(router.scopes.map(({ access }) => access)).toEqual(['read', 'read']);
  });

  test('refuses an async isWrite when it is made: its promise would forward every GET', () => {
    expect(() => setUp({ isWrite: (async () => false) as never })).toThrow(
      /isWrite must return true, false or undefined/,
    );
  });

  test('hears of an isWrite that rejects later, and no more: unheard it would end the process', async () => {
    const rejections: unknown[] = [];
    const onRejection = (reason: unknown) => void rejections.push(reason);
    process.on('unhandledRejection', onRejection);
    const { decide } = setUp({ isWrite: (() => Promise.reject(new Error('later'))) as never });
    expect(() => decide({ method: 'GET' })).toThrow(TypeError);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onRejection);
    expect(rejections).toEqual([]);
  });

  test.each([[Promise.resolve(false)], ['no'], [0], [null]])('takes no %o of isWrite for an answer', (said) => {
    const { decide, router } = setUp({ isWrite: () => said as never });
    expect(() => decide({ method: 'GET' })).toThrow(/isWrite of createWriteGate must return true, false or undefined/);
    expect(router.scopes).toEqual([]);
  });

  test.each([
    ['client', /forward.client must return a string or undefined at once; got an async function/],
    ['clientAddress', /forward.clientAddress must return a string or undefined at once; got an async function/],
    ['trustForwarded', /forward.trustForwarded must return true or false at once; got an async function/],
  ])('refuses an async forward.%s when it is made', (name, message) => {
    expect(() => setUp({ forward: { secret: SECRET, [name]: async () => undefined } })).toThrow(message);
  });

  test.each([
    ['client', () => Promise.reject(new Error('later')), /forward.client of createWriteGate must return a string/],
    ['client', () => 7, /forward.client of createWriteGate must return a string or undefined/],
    ['clientAddress', () => Promise.reject(new Error('later')), /forward.clientAddress of createWriteGate must/],
    ['clientAddress', () => null, /forward.clientAddress of createWriteGate must return a string or undefined/],
    ['trustForwarded', () => Promise.reject(new Error('later')), /forward.trustForwarded of createWriteGate must/],
    ['trustForwarded', () => Promise.resolve(false), /forward.trustForwarded of createWriteGate must return true or/],
    ['trustForwarded', () => 'no', /forward.trustForwarded of createWriteGate must return true or false/],
  ])('forwards nothing when forward.%s returns something else: %s', async (name, given, message) => {
    const rejections: unknown[] = [];
    const onRejection = (reason: unknown) => void rejections.push(reason);
    process.on('unhandledRejection', onRejection);
    const { decide } = setUp({ forward: { secret: SECRET, [name]: given } });
    expect(() => decide({ method: 'POST' })).toThrow(message);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onRejection);
    expect(rejections).toEqual([]);
  });

  test('takes an option that is undefined for one that was not given', () => {
    const none = {
      forward: {
        secret: SECRET,
        maxConcurrent: undefined,
        deadlineMs: undefined,
        trustForwarded: undefined,
        ca: undefined,
      },
      token: {
        cookie: {
          name: undefined,
          seenName: undefined,
          maxAgeSeconds: undefined,
          secure: undefined,
          domain: undefined,
        },
        header: undefined,
      },
      isWrite: undefined,
      view: undefined,
      retryAfterSeconds: undefined,
    };
    const regions = defineRegions({ self: 'eu-west-1', all: { 'eu-west-1': { origin: 'https://eu.example.com' } } });
    const router = stubRouter('eu-west-1', 'eu-west-1');
    router.regions = regions as never;
    expect(() => setUp(none as never, router)).not.toThrow();
  });

  test('forwards a read that no node within reach can serve to the region of the primary', () => {
    const { router, decide } = setUp();
    router.outOfReach = true;
    expect(decide({ method: 'GET' })).toMatchObject({ action: 'proxy', reason: 'forwarded' });
  });

  test('waits with a read for a standby that may have what it must see in a moment, and forwards it if it has not', async () => {
    const { router, decide } = setUp();
    let caughtUp: (out: boolean) => void = () => {};
    router.outOfReach = new Promise((resolve) => {
      caughtUp = resolve;
    });
    const waiting = decide({ method: 'GET' });
    // Nothing else is held up meanwhile.
    expect(decide({ method: 'OPTIONS' })).toMatchObject({ action: 'next', reason: 'read' });
    expect(decide({ method: 'POST' })).toMatchObject({ action: 'proxy', reason: 'forwarded' });
    caughtUp(true);
    expect(await waiting).toMatchObject({ action: 'proxy', reason: 'forwarded' });
    router.outOfReach = Promise.resolve(false);
    expect(await decide({ method: 'GET' })).toMatchObject({ action: 'next', reason: 'read' });
    // Without a primary it is served here, where the router holds what asks the database.
    router.outOfReach = Promise.resolve(true);
    router.primary = undefined;
    expect(await decide({ method: 'GET' })).toMatchObject({ action: 'next', reason: 'read' });
  });

  test.each(['OPTIONS', 'TRACE'])('forwards no %s, and holds none: no data is asked for', (method) => {
    for (const primary of ['us-east-1', undefined] as const) {
      const router = stubRouter('eu-west-1', primary);
      router.primary = primary;
      router.outOfReach = true;
      const headers = { 'access-control-request-method': 'GET', 'x-region-token': 'garbage' };
      expect(setUp({}, router).decide({ method, headers })).toMatchObject({ action: 'next', reason: 'read' });
    }
  });

  test('lets such a read through while no primary is known: the router holds what asks the database', () => {
    const router = stubRouter('eu-west-1', undefined);
    router.outOfReach = true;
    router.primary = undefined;
    const { decide } = setUp({}, router);
    expect(decide({ method: 'GET' })).toMatchObject({ action: 'next', reason: 'read' });
  });

  test('serves such a read where it is under the other policies, and where it was forwarded to', () => {
    for (const writes of ['reject', 'remote-pool'] as const) {
      const router = stubRouter('eu-west-1');
      router.outOfReach = true;
      router.writes = writes;
      const { decide } = setUp({ forward: undefined } as never, router);
      expect(decide({ method: 'GET' })).toMatchObject({ action: 'next', reason: 'read' });
    }
    const { router, decide } = setUp();
    router.outOfReach = true;
    expect(decide({ method: 'GET', headers: { 'x-region-hop': 'forged' } })).toMatchObject({ action: 'next' });
  });

  test('refuses under reject, with the region to go to', () => {
    const router = stubRouter('eu-west-1');
    router.writes = 'reject';
    const { decide } = setUp({ retryAfterSeconds: 7 }, router);
    const decision = decide({ method: 'POST', headers: { origin: 'https://a.example' } });
    expect(decision).toMatchObject({
      action: 'respond',
      reason: 'refused',
      status: 503,
      headers: [
        ['Content-Type', 'application/problem+json'],
        ['Cache-Control', 'no-store'],
        ['Retry-After', '7'],
        ['X-Region-Hint', 'us-east-1'],
        ['Proxy-Status', 'regionkit.eu-west-1; error=http_request_denied; details="not-sent"'],
        ['Access-Control-Expose-Headers', 'X-Region-Hint, Retry-After'],
      ],
    });
    expect(JSON.parse((decision as { body: string }).body)).toEqual({
      type: 'about:blank',
      status: 503,
      code: 'ERR_NOT_PRIMARY_REGION',
      detail: 'writes are taken in us-east-1',
      outcome: 'not-sent',
      region: 'us-east-1',
    });
  });

  test('only opens the scope under remote-pool', () => {
    const router = stubRouter('eu-west-1');
    router.writes = 'remote-pool';
    expect(setUp({}, router).decide({ method: 'POST' })).toMatchObject({ action: 'next', reason: 'remote-pool' });
    expect(router.scopes).toEqual([{ tokens: [], access: 'write' }]);
  });

  test.each([
    'http://user@evil.com/',
    'ftp://evil.com/',
    '*',
    'evil.com:443',
    '',
    '/a b',
    '/a\nb',
    'http://evil.com/a b',
  ])('sends nothing on for the target %j', (target) => {
    expect(setUp().decide({ method: 'POST', target })).toMatchObject({
      action: 'respond',
      reason: 'malformed',
      status: 400,
    });
  });

  test('refuses at once while the fresh health of the region of the primary says that it can do nothing', async () => {
    const view = fakeView(regionsOf('eu-west-1', ORIGINS));
    const { decide, clock } = setUp({ view });
    view.set('us-east-1', { accept: 'no', writes: 'fail', identified: true, observedAtMs: 1_000 });
    expect(decide({ method: 'POST' })).toMatchObject({ reason: 'region-down', status: 503 });
    await clock.advance(10_001);
    expect(decide({ method: 'POST' })).toMatchObject({ reason: 'forwarded' });
    view.set('us-east-1', { accept: 'unknown', writes: 'unknown', observedAtMs: clock.now() });
    expect(decide({ method: 'POST' })).toMatchObject({ reason: 'forwarded' });
  });

  test('refuses at once while the region of the primary is down by its silence, however long that lasts', async () => {
    const view = fakeView(regionsOf('eu-west-1', ORIGINS));
    const { decide, clock } = setUp({ view });
    view.set('us-east-1', { accept: 'no', writes: 'fail', identified: false, observedAtMs: 1_000 });
    await clock.advance(60_000);
    expect(decide({ method: 'POST' })).toMatchObject({ reason: 'region-down', status: 503 });
  });
});

describe('gate.decide() and a mark', () => {
  test('never forwards a request that carries one, however bad it is', () => {
    const { gate, decide } = setUp();
    const heard: unknown[] = [];
    gate.on('hop', (event) => heard.push(event));
    for (const hop of ['', 'x', ['a', 'b'], 'v1.eu-west-1.us-east-1.0.0.-.sig']) {
      expect(decide({ method: 'POST', headers: { 'x-region-hop': hop } })).toMatchObject({
        action: 'respond',
        reason: 'not-primary',
        status: 502,
      });
    }
    expect(heard).toEqual(Array(4).fill({ mark: 'invalid' }));
  });

  test('that does not verify has the secret looked for again, but not each time: anybody can send one', async () => {
    const secret = { ...live(SECRET), refresh: vi.fn(async () => {}) };
    const { decide, clock } = setUp({ forward: { secret } });
    const forged = () => decide({ method: 'POST', headers: { 'x-region-hop': 'forged' } });
    for (let times = 0; times < 5; times += 1) forged();
    expect(secret.refresh).toHaveBeenCalledTimes(1);
    await clock.advance(10_001);
    forged();
    expect(secret.refresh).toHaveBeenCalledTimes(2);
  });

  test('takes no write for a read, nor a read for a write, by a mark it does not believe', () => {
    const { decide } = setUp({}, stubRouter('eu-west-1', 'eu-west-1'));
    expect(decide({ headers: { 'x-region-hop': 'forged' } })).toMatchObject({ reason: 'read' });
    expect(decide({ method: 'POST', headers: { 'x-region-hop': 'forged' } })).toMatchObject({ reason: 'primary-here' });
  });
});

describe('gate.decide() while the writes are paused', () => {
  /** The primary is in `primary`, and moves to `next` at the end of the pause. */
  function paused({
    primary,
    next = primary ?? 'us-east-1',
    writes = 'forward',
  }: {
    primary: Name | undefined;
    next?: Name;
    writes?: StubRouter['writes'];
  }) {
    const router = stubRouter('eu-west-1');
    router.primary = primary;
    router.writes = writes;
    const state = { isOn: true, underWay: 0 };
    const held: boolean[] = [];
    const begin = (): (() => void) => {
      state.underWay += 1;
      return () => {
        state.underWay -= 1;
      };
    };
    const { openScope } = router.gate;
    const gate: StubRouter['gate'] = {
      ...router.gate,
      openScope: (options) => ({ ...openScope(options), admit: begin }),
      isPaused: () => state.isOn,
      beginForward: begin,
      locatePrimary: async ({ isNew = false }) => {
        held.push(isNew);
        state.isOn = false;
        router.primary = next;
        return { region: next, epoch: { system: '1', timeline: 2, owner: `${next}/0` } };
      },
    };
    const options = writes === 'forward' ? {} : ({ forward: undefined } as never);
    return { ...setUp(options, { ...router, gate }), state, held };
  }

  test.each([
    ['here', 'here', 'primary-here', 'eu-west-1', 'eu-west-1'],
    ['here', 'elsewhere', 'forwarded', 'eu-west-1', 'us-east-1'],
    ['elsewhere', 'here', 'primary-here', 'us-east-1', 'eu-west-1'],
    ['elsewhere', 'elsewhere', 'forwarded', 'us-east-1', 'us-east-1'],
  ] as const)('holds a write before its handler: primary %s, then %s', async (_from, _to, reason, primary, next) => {
    const { decide, held, router } = paused({ primary, next });
    const decision = decide({ method: 'POST' });
    expect(decision).toBeInstanceOf(Promise);
    expect(router.scopes).toEqual([]);
    expect(await decision).toMatchObject({ reason });
    expect(held).toEqual([true]);
  });

  test('holds a write under remote-pool, too', async () => {
    const { decide, held } = paused({ primary: 'us-east-1', writes: 'remote-pool' });
    expect(await decide({ method: 'POST' })).toMatchObject({ action: 'next', reason: 'remote-pool' });
    expect(held).toEqual([true]);
  });

  test('refuses at once what this region does not take: the region of the primary holds it', () => {
    const { decide } = paused({ primary: 'us-east-1', writes: 'reject' });
    expect(decide({ method: 'POST' })).toMatchObject({ action: 'respond', reason: 'refused' });
  });

  test('holds no read', () => {
    expect(paused({ primary: 'eu-west-1' }).decide({ method: 'GET' })).toMatchObject({ reason: 'read' });
  });

  test('lets a write pass that another region has admitted, and none with a mark that is not valid', async () => {
    const { decide, held } = paused({ primary: 'eu-west-1' });
    await decide({ method: 'POST', headers: { 'x-region-hop': 'forged' } });
    expect(held).toEqual([true]);
    const keyring = createRegionKeyring({ option: 'test', secrets: SECRET, self: 'us-east-1', purpose: 'hop v1' });
    const claims = { from: 'us-east-1', to: 'eu-west-1', deadlineMs: 5_000, epoch: undefined, write: true } as const;
    const again = paused({ primary: 'eu-west-1' });
    const asked = { method: 'POST', target: '/orders' };
    const signs = keyring.between('eu-west-1') as NonNullable<ReturnType<typeof keyring.between>>;
    const mark = signHop(signs, asked, { ...claims, atMs: again.clock.wallMs() }, createEpochPacker());
    const admitted = again.decide({ ...asked, headers: { 'x-region-hop': mark } }) as NextDecision;
    expect(admitted).toMatchObject({ reason: 'primary-here' });
    admitted.scope?.(() => {});
    expect([again.held, again.state.underWay]).toEqual([[], 1]);
  });

  /** As a door does it, up to the end of the answer. */
  const carryOut = (decision: unknown): void => {
    const { scope, node } = decision as Pick<NextDecision, 'scope'> & Partial<Pick<ProxyDecision, 'node'>>;
    scope?.(() => {});
    void node?.({} as never, {} as never).catch(() => {});
  };

  test('counts a write from when its decision is carried out to its end, here and forwarded; and no read', () => {
    for (const primary of ['eu-west-1', 'us-east-1'] as const) {
      const { decide, state } = paused({ primary });
      state.isOn = false;
      carryOut(decide({ method: 'GET' }));
      const decision = decide({ method: 'POST' });
      expect(state.underWay).toBe(0);
      carryOut(decision);
      expect(state.underWay).toBe(1);
      (decision as { onDone?(outcome: object): void }).onDone?.({});
      expect(state.underWay).toBe(0);
    }
  });

  test('admits no handler that begins when the pause has begun: what it writes waits', () => {
    const { decide, state } = paused({ primary: 'eu-west-1' });
    state.isOn = false;
    const decision = decide({ method: 'POST' });
    state.isOn = true;
    carryOut(decision);
    expect(state.underWay).toBe(0);
  });

  test.each([
    ['no primary is known: this process may not know of the pause yet', undefined, 0],
    ['a primary is known, and no pause', 'us-east-1', 1],
  ] as const)('admits a handler or not, under remote-pool, where %s', (_, primary, underWay) => {
    const { decide, state } = paused({ primary, writes: 'remote-pool' });
    state.isOn = false;
    const decision = decide({ method: 'POST' });
    expect(decision).toMatchObject({ reason: 'remote-pool' });
    carryOut(decision);
    expect(state.underWay).toBe(underWay);
  });

  test('counts no write whose client has left before its handler begins', () => {
    const { decide, state } = paused({ primary: 'eu-west-1' });
    state.isOn = false;
    const decision = decide({ method: 'POST' });
    (decision as { onDone?(outcome: object): void }).onDone?.({});
    carryOut(decision);
    expect(state.underWay).toBe(0);
  });

  test('ends a write whose response a fetch host has dropped', async () => {
    const { gate, state } = paused({ primary: 'eu-west-1' });
    state.isOn = false;
    const handler = gate.fetch(() => new Response('written'));
    await handler(new Request('https://eu.example.com/orders', { method: 'POST' }));
    expect(state.underWay).toBe(1);
    const collected = async (): Promise<number> => {
      await collect();
      return state.underWay;
    };
    await expect.poll(collected, { timeout: 60_000 }).toBe(0);
  });
});

describe('gate.decide() while no primary is known', () => {
  class NoPrimary extends RegionKitError<'ERR_NO_PRIMARY'> {
    readonly outcome = 'not-sent';
    constructor() {
      super('ERR_NO_PRIMARY', 'none', { status: 503, headers: { 'retry-after': '1' } });
    }
  }
  const lost = (): StubRouter => {
    const router = stubRouter('eu-west-1');
    router.primary = undefined;
    return router;
  };

  test('holds a write, and goes on as the primary that comes decides', async () => {
    const router = lost();
    const { decide } = setUp({}, router);
    for (const [region, reason] of [
      ['eu-west-1', 'primary-here'],
      ['us-east-1', 'forwarded'],
    ] as const) {
      router.hold = async () => region;
      expect(await decide({ method: 'POST' })).toMatchObject({ reason });
    }
    expect(decide({ method: 'GET' })).toMatchObject({ reason: 'read' });
  });

  test('answers 503 when none comes, also under reject', async () => {
    const router = lost();
    router.hold = () => Promise.reject(new NoPrimary());
    const { decide } = setUp({}, router);
    for (const writes of ['forward', 'reject'] as const) {
      router.writes = writes;
      const decision = await decide({ method: 'POST' });
      expect(decision).toMatchObject({ action: 'respond', reason: 'no-primary', status: 503 });
      const { headers } = decision as { headers: readonly unknown[] };
      expect(headers).toContainEqual(['retry-after', '1']);
      expect(headers).toContainEqual([
        'Proxy-Status',
        'regionkit.eu-west-1; error=destination_unavailable; details="not-sent"',
      ]);
      expect(JSON.parse((decision as { body: string }).body)).toMatchObject({
        code: 'ERR_NO_PRIMARY',
        outcome: 'not-sent',
      });
    }
  });

  test('ends the hold when the client goes away', async () => {
    const router = lost();
    let held: AbortSignal | undefined;
    router.hold = (signal) => {
      held = signal;
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new NoPrimary())));
    };
    const client = new AbortController();
    const decision = setUp({}, router).decide({ method: 'POST', signal: client.signal });
    expect(held?.aborted).toBe(false);
    client.abort();
    expect(await decision).toMatchObject({ reason: 'no-primary' });
    expect(held?.aborted).toBe(true);
  });

  test('lets a fault of the router through to the door, which answers 503', async () => {
    const router = lost();
    router.hold = () => Promise.reject(new TypeError('a fault'));
    await expect(setUp({}, router).decide({ method: 'POST' })).rejects.toThrow('a fault');
  });
});

describe('the token', () => {
  const onHead = (decision: unknown, head: ResponseHead): void =>
    (decision as { onHead(head: ResponseHead): void }).onHead(head);

  test('is read from the cookies and the field: all of them, for the router to judge and to bound', () => {
    const { router, decide } = setUp();
    decide({ headers: { cookie: 'a=1; region-token=one; region-seen=two', 'x-region-token': 'three, four' } });
    expect(router.scopes[0]?.tokens).toEqual(['three', 'four', 'one', 'two']);
    decide({
      headers: { 'x-region-token': Array(100).fill('x').join(','), cookie: `region-token=${'y'.repeat(5_000)}` },
    });
    expect(router.scopes[1]?.tokens).toEqual(Array(17).fill('x'));
    decide({ headers: { 'x-region-token': `, ,${'y'.repeat(257)}` } });
    expect(router.scopes[2]?.tokens).toEqual(['y'.repeat(257)]);
  });

  test('is written when the request wrote, as a cookie and as a field', () => {
    const router = stubRouter('eu-west-1', 'eu-west-1');
    const { decide } = setUp({ token: { cookie: { domain: 'example.com', secure: true } } }, router);
    const plain = headOf();
    onHead(decide({ method: 'POST' }), plain);
    expect(plain.all).toEqual([]);
    router.issued = { written: 'w', seen: 's' };
    const head = headOf({ 'Access-Control-Allow-Origin': '*' });
    onHead(decide({ method: 'POST' }), head);
    expect(head.all.slice(1)).toEqual([
      ['Set-Cookie', 'region-token=w; Max-Age=300; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax'],
      ['Set-Cookie', 'region-seen=s; Max-Age=300; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax'],
      ['X-Region-Token', 'w, s'],
      ['Access-Control-Expose-Headers', 'X-Region-Token'],
    ]);
  });

  test('of a write that comes after the decision is on the head, and after a head that Node refused', async () => {
    const router = stubRouter('eu-west-1', 'eu-west-1');
    const { gate } = setUp({}, router);
    const running = await listen(
      createServer(
        gate.node(async (_request, response) => {
          expect(() => response.writeHead(200, { 'X-App': undefined as never })).toThrow();
          await new Promise((turn) => setImmediate(turn));
          router.issued = { written: 'late' };
          response.writeHead(200, { 'X-App': 'yes' }).end();
        }) as never,
      ),
    );
    for (const method of ['GET', 'POST']) {
      router.issued = {};
      const { headers } = await fetch(running.origin, { method });
      expect([headers.get('x-app'), headers.get('x-region-token')]).toEqual(['yes', 'late']);
    }
    await running.close();
  });

  test('leaves the head of an answer without a token as the app wrote it', async () => {
    const running = await listen(
      createServer(
        setUp().gate.node((_request, response) => {
          response.writeHead(200, ['x-APP', 'a', 'x-APP', 'b']).end();
        }) as never,
      ),
    );
    const { rawHeaders } = await new Promise<IncomingMessage>((resolve) => void get(running.origin, resolve));
    expect(rawHeaders.slice(0, 4)).toEqual(['x-APP', 'a', 'x-APP', 'b']);
    await running.close();
  });

  test('is not given to others by a cache, and not lost on the answer to a write', () => {
    const router = stubRouter('eu-west-1', 'eu-west-1');
    router.issued = { written: 'w' };
    const { decide } = setUp({}, router);
    const shared = { 'Cache-Control': 'public, max-age=60' };
    const got = headOf(shared);
    onHead(decide({ method: 'GET' }), got);
    expect(got.get('set-cookie')).toEqual([]);
    expect(got.get('x-region-token')).toEqual([]);
    const posted = headOf(shared);
    onHead(decide({ method: 'POST' }), posted);
    expect(posted.get('x-region-token')).toEqual(['w']);
  });

  test.each([[undefined], ['private, max-age=60'], ['no-cache'], ['max-age=0']])(
    "of one time comes back no other time from the client's own cache, whatever the app said: %s",
    (control) => {
      const router = stubRouter('eu-west-1', 'eu-west-1');
      const { decide } = setUp({}, router);
      const head = () => headOf(control === undefined ? {} : { 'Cache-Control': control });
      const untouched = head();
      onHead(decide({ method: 'GET' }), untouched);
      expect(untouched.all).toEqual(head().all);
      for (const issued of [{ written: 'w' }, { seen: 's' }]) {
        router.issued = issued;
        const got = head();
        onHead(decide({ method: 'GET' }), got);
        expect([got.get('cache-control'), got.get('x-region-token')]).toEqual([['no-store'], Object.values(issued)]);
        const posted = head();
        onHead(decide({ method: 'POST' }), posted);
        expect(posted.get('cache-control')).toEqual(head().get('cache-control'));
      }
    },
  );

  test('can go by cookie alone or by field alone', () => {
    const router = stubRouter('eu-west-1', 'eu-west-1');
    router.issued = { written: 'w' };
    const sent = { headers: { cookie: 'region-token=c', 'x-region-token': 'f' }, method: 'POST' };
    const byField = headOf();
    onHead(setUp({ token: { cookie: false } }, router).decide(sent), byField);
    expect(byField.all).toEqual([['X-Region-Token', 'w']]);
    const byCookie = headOf();
    onHead(
      setUp({ token: { header: false, cookie: { name: 't' } } }, router).decide({
        ...sent,
        headers: { cookie: 't=c' },
      }),
      byCookie,
    );
    expect(byCookie.all.map(([name]) => name)).toEqual(['Set-Cookie']);
    expect(router.scopes.map(({ tokens }) => tokens)).toEqual([['f'], ['c']]);
  });
});

describe('createWriteGate()', () => {
  test.each([
    [{ forward: undefined }, /forward must be set/],
    [{ forward: { secret: 'short' } }, /forward.secret must be at least 32 bytes/],
    [{ forward: { secret: [] } }, /forward.secret must be/],
    [{ forward: { secret: SECRET, maxConcurrent: 0 } }, /forward.maxConcurrent/],
    [{ forward: { secret: SECRET, maxPerClient: 0 } }, /forward.maxPerClient/],
    [{ forward: { secret: SECRET, minBytesPerSecond: 0 } }, /forward.minBytesPerSecond/],
    [{ forward: { secret: SECRET, maxHeadBytes: 100 } }, /forward.maxHeadBytes/],
    [{ forward: { secret: SECRET, client: 'address' } }, /forward.client/],
    [{ forward: { secret: SECRET, clientAddress: '127.0.0.1' } }, /forward.clientAddress/],
    [{ forward: { secret: SECRET, connectTimeoutMs: 0 } }, /forward.connectTimeoutMs/],
    [{ forward: { secret: SECRET, deadlineMs: 1.5 } }, /forward.deadlineMs/],
    [{ forward: { secret: SECRET, rejectUnauthorized: false } }, /has no option "rejectUnauthorized"/],
    [{ forward: { secret: SECRET, trustForwarded: 1 } }, /forward.trustForwarded must be a boolean/],
    [{ forward: { secret: SECRET, ca: 5 } }, /forward.ca must be a string, a Buffer or a list of them; got number/],
    [{ forward: { secret: SECRET, ca: [] } }, /forward.ca must not be empty/],
    [{ forward: { secret: SECRET, ca: ['/etc/ssl/own.pem'] } }, /forward.ca must be certificates in PEM/],
    [{ clock: Date }, /clock must be an object; got function/],
    [{ isWrite: ['POST'] }, /isWrite must be a function/],
    [{ retryAfterSeconds: -1 }, /retryAfterSeconds/],
    [{ token: { cookie: 'a' } }, /token.cookie must be an object; got string/],
    [{ token: { cookie: { name: 'a b' } } }, /token.cookie.name must be a name of letters/],
    [{ token: { cookie: { name: 'region-seen' } } }, /token.cookie.seenName must differ from name; got "region-seen"/],
    [{ token: { header: 'x:y' } }, /token.header must be a name/],
    [{ token: { header: '' } }, /token.header must not be empty/],
    [{ token: { header: true } }, /token.header must be a string/],
    [{ token: { cookie: null } }, /token.cookie must be an object; got null/],
    [{ token: null }, /token must be an object; got null/],
    [{ forward: null }, /forward must be an object; got null/],
    [
      { token: { cookie: { name: '__Host-token', domain: 'example.com', secure: true } } },
      /token.cookie.name must not begin with __Host-/,
    ],
    [
      { token: { cookie: { seenName: '__Secure-seen', secure: false } } },
      /token.cookie.seenName .* nor with either prefix without secure/,
    ],
    [{ token: { cookie: { domain: 'example.org' } } }, /token.cookie.domain must cover/],
    [{ token: { cookie: { maxAgeSeconds: 0 } } }, /token.cookie.maxAgeSeconds/],
    [{ token: { domain: 'example.com' } }, /token has no option "domain"; it takes cookie, header/],
    [{ holdWritesMs: 0 }, /has no option "holdWritesMs"; it takes router, forward, view/],
    [{ tokens: {} }, /has no option "tokens"/],
    [{ regions: regionsOf('us-east-1', ORIGINS) }, /has no option "regions"; it takes router, forward/],
  ])('refuses %o', (options, message) => {
    expect(() => setUp(options as never)).toThrow(message);
  });

  test.each([
    [undefined, 'router must be an object; got undefined'],
    [new Pool(), 'router must be what createRegionRouter returns'],
    [{ gate: {} }, 'router must be what createRegionRouter returns'],
    [{ ...stubRouter('eu-west-1'), regions: {} }, 'router.regions must be what defineRegions returns'],
  ])('refuses a router that is none', (router, message) => {
    const options = { router: router as never, forward: { secret: SECRET } };
    expect(() => createWriteGate(options)).toThrow(`createWriteGate: ${message}`);
  });

  const create = createWriteGate as (...given: readonly unknown[]) => unknown;
  test.each([
    ['a router and options', () => create(stubRouter('eu-west-1'), { forward: { secret: SECRET } })],
    ['a router alone', () => create(stubRouter('eu-west-1'))],
    ['no router and options', () => create(undefined, { forward: { secret: SECRET } })],
    ['the pool of an app and options', () => create(new Pool(), {})],
  ])('says its form to a caller that gives %s', (_what, call) => {
    expect(call).toThrow(/^createWriteGate takes one object: createWriteGate\(\{ router, forward, token \}\)/);
  });

  test('takes the regions from the router', () => {
    const { gate } = setUp({}, stubRouter('us-east-1'));
    expect(gate.decide(requestView({ method: 'POST' }))).toMatchObject({ reason: 'primary-here' });
  });

  test('lets no token go without Secure outside development', () => {
    const regions = defineRegions({
      self: 'eu-west-1',
      all: { 'us-east-1': { origin: ORIGINS['us-east-1'] }, 'eu-west-1': { origin: ORIGINS['eu-west-1'] } },
    });
    const cookie = { domain: 'example.com', secure: false };
    const router = Object.assign(stubRouter('eu-west-1'), { regions });
    expect(() => setUp({ token: { cookie } }, router)).toThrow(/token.cookie.secure must be true/);
    expect(() => setUp({ token: { cookie: { ...cookie, secure: true } } }, router)).not.toThrow();
  });

  test('needs no secret where nothing is forwarded', () => {
    const router = stubRouter('eu-west-1');
    router.writes = 'reject';
    expect(() => setUp({ forward: undefined } as never, router)).not.toThrow();
  });
});
