import http from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAffinity } from '../packages/affinity/src/index.ts';
import { loadConfig, values } from '../packages/config/src/index.ts';
import { createEvents, defineRegions, fakeView, live, type RegionView } from '../packages/core/src/index.ts';
import { type FakeClock, fakeClock, requestView } from '../packages/core/src/testing/index.ts';
import { createWriteGate } from '../packages/db-router/src/http/index.ts';
import { createRegionRouter } from '../packages/db-router/src/index.ts';
import { fakeRouter } from '../packages/db-router/src/testing/index.ts';
import { type Check, checks, createDrain, createHealth, mapResult } from '../packages/health/src/index.ts';
import { createSessionIssuer, createSessionVerifier, generateSigningKeys } from '../packages/session/src/index.ts';

/** What a function of the app does that must harm nobody. */
// biome-ignore lint/suspicious/noExplicitAny: it stands in for every function there is.
type Bad = (...given: any[]) => never;
const BAD: readonly (readonly [string, Bad])[] = [
  [
    'throws',
    () => {
      throw new Error('of the app');
    },
  ],
  ['returns a promise that rejects', (() => Promise.reject(new Error('of the app'))) as unknown as Bad],
];

const SECRET = 'a secret of at least thirty-two bytes';
const regions = defineRegions({
  self: 'a',
  all: { a: { origin: 'https://a.example.com' }, b: { origin: 'https://b.example.com' } },
  hosts: ['app.example.com'],
});
const clock = (): FakeClock => fakeClock();
const handled = () => new Response('handled');
const ask = (headers: Record<string, string> = {}, method = 'GET'): Request =>
  new Request('https://app.example.com/', { method, headers });
const NAVIGATION = { cookie: 'region=b', 'sec-fetch-mode': 'navigate', host: 'app.example.com' };

let server: http.Server;
let url: string;
let keys: Awaited<ReturnType<typeof generateSigningKeys>>;
let issuer: ReturnType<typeof createSessionIssuer>;
beforeAll(async () => {
  server = http.createServer((_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  keys = await generateSigningKeys({ algorithm: 'ES256' });
  issuer = createSessionIssuer({ key: keys.privatePem, issuer: 'https://auth.example.com', audience: 'api' });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const strays: unknown[] = [];
const stray = (error: unknown): void => void strays.push(error);
beforeEach(() => {
  vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  strays.length = 0;
  process.on('unhandledRejection', stray).on('uncaughtException', stray);
});
afterEach(() => {
  process.off('unhandledRejection', stray).off('uncaughtException', stray);
  vi.restoreAllMocks();
});

type Options<F extends (given: never) => unknown> = Partial<Parameters<F>[0]>;

/** Health with one check, which runs for a while, asks its neighbour and is asked. */
async function healthWith(
  options: Options<typeof createHealth<'a' | 'b'>> & { readonly run?: Check },
  more: (health: ReturnType<typeof createHealth<'a' | 'b'>>) => unknown = () => {},
): Promise<void> {
  const time = clock();
  const { run = () => {}, peers, ...rest } = options;
  const fetch = async (): Promise<Response> => new Response(null, { status: 500 });
  const health = createHealth({ regions, clock: time, peers: { secret: SECRET, fetch, ...peers }, ...rest });
  health.check('one', run, { failAfter: 1 });
  more(health);
  const door = health.fetch(handled);
  for (let step = 0; step < 5; step += 1) {
    await time.advance(1_000);
    await (await door(ask())).text();
    health.view.list();
    health.drain();
    health.undrain();
  }
  expect((await door(new Request('https://app.example.com/livez'))).status).toBe(200);
  await health.close();
}

const runs = (check: Check): Promise<void> => healthWith({ run: check });

function affinityWith(options: Options<typeof createAffinity<'a' | 'b'>>, listener?: Bad) {
  return async (): Promise<void> => {
    const view = fakeView(regions);
    view.set('b', { accept: 'draining', identified: true, observedAtMs: 1_000 });
    const affinity = createAffinity({ regions, view, clock: clock(), cookie: { domain: 'example.com' }, ...options });
    if (listener !== undefined) affinity.on('decision', listener);
    expect((await affinity.fetch(handled)(ask(NAVIGATION))).status).toBeLessThan(400);
  };
}

function gateWith(forward: object, more: object = {}, listener?: Bad) {
  return async (): Promise<void> => {
    const gate = createWriteGate({
      router: fakeRouter({ self: 'a', writes: 'forward', primary: 'b', regions }),
      forward: { secret: SECRET, ...forward },
      token: { cookie: { domain: 'example.com' } },
      ...more,
    });
    if (listener !== undefined) gate.on('decision', listener);
    const answer = await gate.fetch(handled)(ask({}, 'POST'));
    expect(answer.status).toBeGreaterThanOrEqual(200);
    await gate.close();
  };
}

/** A view in which one function is the app's. */
function viewWith(own: object): RegionView<'a' | 'b'> {
  const view = fakeView(regions);
  view.set('b', { accept: 'yes', identified: true, observedAtMs: 1_000 });
  return { ...view, ...own };
}

/** A router that finds its database nowhere, hears of a primary elsewhere, and keeps its epoch. */
function routerWith(options: Options<typeof createRegionRouter<'a' | 'b'>>, listener?: Bad) {
  return async (): Promise<void> => {
    const time = clock();
    const view = fakeView(regions);
    const pool = new pg.Pool({ host: '127.0.0.1', port: 1 });
    const router = createRegionRouter<'a' | 'b'>({
      regions,
      pools: { a: pool },
      writes: 'forward',
      view,
      hold: { timeoutMs: 0 },
      clock: time,
      coldStart: 'trust',
      ...options,
    });
    if (listener !== undefined)
      for (const event of ['probe-failed', 'primary', 'epoch'] as const) router.on(event, listener);
    const epoch = { system: '7412345678901234567', timeline: 3, owner: 'b/0' };
    view.set('b', {
      accept: 'yes',
      identified: true,
      observedAtMs: time.now(),
      primary: { epoch, position: 1n },
      highest: epoch,
      measured: true,
      measuredEpoch: epoch,
    });
    for (let round = 0; round < 5; round += 1) {
      await router.read('SELECT 1').catch(() => {});
      await router.write('SELECT 1').catch(() => {});
      // The connection is refused by the system, not by the clock.
      await new Promise((resolve) => setTimeout(resolve, 20));
      await time.advance(5_000);
    }
    await router.close();
    await pool.end();
  };
}

function sessionWith(
  options: object,
  more: (sessions: ReturnType<typeof createSessionVerifier>) => unknown = () => {},
) {
  return async (): Promise<void> => {
    const sessions = createSessionVerifier({
      keys: keys.jwks,
      algorithms: ['ES256'],
      issuer: null,
      audience: null,
      hookTimeoutMs: 100,
      ...options,
    } as never);
    await more(sessions);
    const token = await issuer.issue({ sub: 'alice' });
    const answer = await sessions.require().fetch(handled)(ask({ authorization: `Bearer ${token}` }));
    expect([200, 401, 503]).toContain(answer.status);
    await sessions.close();
  };
}

function configWith(options: (bad: Bad) => object, more: (config: unknown, bad: Bad) => unknown = () => {}) {
  return (bad: Bad) => async (): Promise<void> => {
    const time = clock();
    let count = 0;
    const source = { load: () => ({ value: { count: count++ }, version: String(count) }), everyMs: 1_000 };
    const config = await loadConfig({
      sources: { one: source, two: values(1) },
      clock: time,
      ...options(bad),
    } as never);
    more(config, bad);
    for (let step = 0; step < 4; step += 1) await time.advance(1_000);
    await (config as unknown as AsyncDisposable)[Symbol.asyncDispose]();
  };
}

const outcome = { status: 200, headMs: 1, durationMs: 1, aborted: false, by: 'handler' } as const;

/** Every function that an app can give, and what calls it. */
const CALLBACKS: readonly (readonly [string, (bad: Bad) => () => Promise<unknown>])[] = [
  ['health: a check', (bad) => () => runs(bad)],
  ['health: a check, behind mapResult', (bad) => () => runs(mapResult(() => {}, bad))],
  ['health: observe of a check', (bad) => () => runs(Object.assign(() => {}, { observe: bad }))],
  ['health: close of a check', (bad) => () => runs(Object.assign(() => {}, { close: bad }))],
  [
    'health: expect of checks.http',
    (bad) => async () => {
      const context = { clock: clock(), timeoutMs: 1_000, self: 'a' };
      const run = async (): Promise<unknown> =>
        checks.http(url, { expect: bad })(new AbortController().signal, context);
      await expect(run()).rejects.toThrow('of the app');
    },
  ],
  ['health: the router of checks.router', (bad) => () => runs(checks.router(bad, 'read'))],
  ['health: the router of checks.replicaLag', (bad) => () => runs(checks.replicaLag(bad, { warnMs: 1, failMs: 2 }))],
  ['health: the config of checks.config', (bad) => () => runs(checks.config(bad))],
  ['health: the sessions of checks.sessionKeys', (bad) => () => runs(checks.sessionKeys(bad))],
  ['health: the pool of checks.pool', (bad) => () => runs(checks.pool(bad))],
  ['health: query of a pool', (bad) => () => runs(checks.pool({ query: bad }))],
  [
    'health: ignore of checks.latency',
    (bad) => async () => {
      const check = checks.latency({ warnMs: 1, failMs: 2, ignore: bad });
      try {
        check.observe?.(outcome, requestView());
      } catch {
        // The door reports it, and the request goes on.
      }
      await runs(check);
    },
  ],
  [
    'health: a router that is followed',
    (bad) => () => healthWith({}, ({ follow }) => follow({ topology: bad, explain: bad, secrets: bad, ready: bad })),
  ],
  ['health: random', (bad) => () => healthWith({ random: bad })],
  ['health: fetch of peers', (bad) => () => healthWith({ peers: { secret: SECRET, fetch: bad } })],
  ['health: logger', (bad) => () => healthWith({ logger: { info: bad, warn: bad, error: bad } })],
  [
    'health: listeners',
    (bad) => () =>
      healthWith({}, ({ on, view }) => {
        for (const event of ['change', 'check', 'stale', 'peer', 'drain'] as const) on(event, bad);
        view.subscribe(bad);
      }),
  ],
  [
    'health: hooks, exit and listeners of a drain',
    (bad) => async () => {
      const time = clock();
      const drain = createDrain({
        health: { drain: bad, close: bad },
        signals: [],
        hooks: [{ name: 'bad', run: bad }],
        exit: bad,
        clock: time,
        notReadyForMs: 0,
        graceMs: 0,
      });
      drain.on('drain-step', bad);
      drain.on('drain-hook-failed', bad);
      const done = drain.start();
      for (let step = 0; step < 20; step += 1) await time.advance(1_000);
      await done;
      expect(drain.step).toBe('done');
    },
  ],
  ['affinity: host', (bad) => affinityWith({ host: bad })],
  ['affinity: ignore', (bad) => affinityWith({ ignore: bad })],
  ['affinity: mode', (bad) => affinityWith({ mode: bad })],
  ['affinity: random', (bad) => affinityWith({ random: bad })],
  ['affinity: get of a view', (bad) => affinityWith({ view: viewWith({ get: bad }) })],
  ['affinity: listeners', (bad) => affinityWith({}, bad)],
  ['router: logger', (bad) => routerWith({ logger: { info: bad, warn: bad, error: bad } })],
  ['router: random', (bad) => routerWith({ random: bad })],
  ['router: load of the epoch store', (bad) => routerWith({ epoch: { load: bad, save: async () => {} } })],
  ['router: save of the epoch store', (bad) => routerWith({ epoch: { load: async () => undefined, save: bad } })],
  [
    'router: list of a view, once it runs',
    (bad) => {
      const view = viewWith({});
      let looks = 0;
      const list = () => (looks++ === 0 ? view.list() : bad());
      return routerWith({ view: { ...view, list } });
    },
  ],
  ['router: listeners', (bad) => routerWith({}, bad)],
  ['gate: isWrite', (bad) => gateWith({}, { isWrite: bad })],
  ['gate: trustForwarded', (bad) => gateWith({ trustForwarded: bad })],
  ['gate: client', (bad) => gateWith({ client: bad })],
  ['gate: clientAddress', (bad) => gateWith({ clientAddress: bad })],
  ['gate: get of a view', (bad) => gateWith({}, { view: viewWith({ get: bad }) })],
  ['gate: listeners', (bad) => gateWith({}, {}, bad)],
  ['session: a source of tokens', (bad) => sessionWith({ from: [{ read: bad }] })],
  ['session: roles', (bad) => sessionWith({ roles: bad })],
  ['session: isRevoked', (bad) => sessionWith({ isRevoked: bad })],
  [
    'session: the schema of claims',
    (bad) => sessionWith({ claims: { '~standard': { version: 1, vendor: 'x', validate: bad } } }),
  ],
  ['session: fetch of a JWKS', (bad) => sessionWith({ keys: 'https://a.example.com/jwks', remote: { fetch: bad } })],
  [
    'session: refresh of live keys',
    (bad) => sessionWith({ keys: { ...live(keys.jwks), refresh: bad } }, (all) => all.refresh().catch(() => {})),
  ],
  [
    'session: listeners',
    (bad) =>
      sessionWith({ maxLifetimeMs: 1_000 }, ({ on }) => {
        for (const event of ['keys', 'rejected', 'unknown-kid'] as const) on(event, bad);
      }),
  ],
  ['config: random', configWith((random) => ({ random }))],
  ['config: logger', configWith((bad) => ({ logger: { info: bad, warn: bad, error: bad } }))],
  [
    'config: listeners and subscribers',
    configWith(
      () => ({}),
      (config, bad) => {
        const { on, ref, subscribe } = config as {
          on(event: string, run: Bad): void;
          subscribe(run: Bad): void;
          ref(key: string): { subscribe(run: Bad): void };
        };
        for (const event of ['change', 'refreshed', 'subscriber-failed']) on(event, bad);
        subscribe(bad);
        ref('one').subscribe(bad);
      },
    ),
  ],
  [
    'core: listeners of a live value and of an event',
    (bad) => async () => {
      const value = live(1);
      value.subscribe(bad);
      value.set(2);
      const events = createEvents<{ one: object }>('test', ['one']);
      events.on('one', bad);
      events.emit('one', {});
    },
  ],
];

describe.each(BAD)('a function of the app that %s', (_what, bad) => {
  test.each(CALLBACKS)('ends no process, and no request in an exception: %s', async (_name, run) => {
    let called = 0;
    const counted = ((...given: unknown[]) => {
      called += 1;
      return bad(...given);
    }) as unknown as Bad;
    await run(counted)();
    // Node tells of a rejection that nobody handles when the microtasks have run.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(strays).toEqual([]);
    // A row that calls nothing would prove nothing.
    expect(called).toBeGreaterThan(0);
  });
});
