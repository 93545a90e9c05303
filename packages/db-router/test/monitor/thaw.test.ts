import { setTimeout as wait } from 'node:timers/promises';
import { type DatabaseReport, defineRegions, fakeView, type Regions, type RegionView } from '@regionkit/core';
import { type Clock, systemClock } from '@regionkit/core/kit';
import { newDb } from 'pg-mem';
import { afterEach, describe, expect, it } from 'vitest';
import { createHealth } from '../../../health/src/index.ts';
import { createRegionRouter } from '../../src/index.ts';
import { createMemoryRegions } from '../../src/testing/index.ts';

type Name = 'us' | 'eu';
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const SECRET = 'a secret of the tests, long enough to be one';
const regionsOf = (self: Name): Regions<Name> =>
  defineRegions<Name, string>({
    self,
    all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
  });

/**
 * A process in us with pools to both regions. us is the primary.
 *
 * @param timeoutMs by default longer than any test: no answer comes of waiting alone
 */
async function start(makeView?: (clock: Clock) => RegionView<Name>, timeoutMs = 60_000) {
  const regions = regionsOf('us');
  const db = newDb();
  const memory = createMemoryRegions({ db, regions: ['us', 'eu'] });
  db.public.none('CREATE TABLE note (text text)');
  const view = fakeView(regions);
  let sleptMs = 0;
  const clock: Clock = { ...systemClock, wallMs: () => Date.now() + sleptMs };
  const router = createRegionRouter<Name>({
    regions,
    pools: memory.pools,
    view: makeView?.(clock) ?? view,
    writes: 'forward',
    token: { secret: SECRET },
    coldStart: 'trust',
    probe: { intervalMs: 1_000, alertIntervalMs: 20, timeoutMs },
    hold: { timeoutMs: 60_000 },
    clock,
  });
  closing.push(async () => {
    await router.close();
    await memory.close();
  });
  await router.ready();
  await router.write("INSERT INTO note VALUES ('before')");
  const asks = (state: object = {}): void => {
    const askedAtMs = clock.now();
    view.set('eu', { asked: true, askedAtMs, identified: true, observedAtMs: askedAtMs, measured: true, ...state });
  };
  const sleep = (): void => {
    sleptMs += 10_000;
  };
  const texts = async () => (await memory.pools.us.query<{ text: string }>('SELECT text FROM note')).rows;
  return { memory, router, asks, sleep, texts };
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await wait(10);
};

describe('after a thaw', () => {
  it('a region whose servers do not answer here is asked, as one without a pool: it may have been promoted', async () => {
    const { memory, router, asks, sleep, texts } = await start();
    asks();
    // The path to its database is broken, and that to its app is not.
    memory.region('eu').kill();
    await until(() => router.topology().nodes.some(({ region, code }) => region === 'eu' && code !== undefined));
    const { highest } = router.topology();
    if (highest === undefined) throw new Error('us is the primary');
    sleep();
    const written = router.write("INSERT INTO note VALUES ('after')").then(
      () => 'written',
      (error: { code: string }) => error.code,
    );
    // Its own server has answered again, and that of eu has failed again.
    await until(() => router.topology().local.measured === true);
    expect(router.explain('write')).toMatchObject({ action: 'hold', reason: 'stale-view' });
    const epoch = { ...highest, timeline: highest.timeline + 1, owner: 'eu/0', server: 'another' };
    asks({ primary: { epoch, position: 100_000_000n }, highest: epoch, measuredEpoch: epoch });
    expect(await written).toBe('ERR_NOT_PRIMARY_REGION');
    expect(await texts()).toEqual([{ text: 'before' }]);
  });

  it('a region whose servers all answer here need not be asked', async () => {
    const { router, asks, sleep, texts } = await start();
    asks();
    sleep();
    await router.write("INSERT INTO note VALUES ('after')");
    expect(await texts()).toEqual([{ text: 'before' }, { text: 'after' }]);
  });
});

const unavailable = (): Response => new Response('no process runs', { status: 503 });

/** The same process with health, and a gateway before the region eu. The path to the database of eu is broken. */
async function startBehindGateway(timeoutMs?: number, answer = unavailable) {
  let report: DatabaseReport = { role: 'standby', position: 1n, forks: [], measured: true };
  let refused = 0;
  let isOpen = true;
  let answerMs = 0;
  const eu = createHealth({
    regions: regionsOf('eu'),
    peers: { secret: SECRET, fetch: () => Promise.reject(new Error('no region is asked')) },
  });
  eu.follow(
    {
      topology: () => ({ local: report, state: 'ready' }),
      explain: () => ({ action: 'run', reason: 'local-primary' }),
    },
    { reads: false, writes: false },
  );
  const door = eu.fetch(() => new Response('not found', { status: 404 }));
  closing.push(() => eu.close());
  let health: ReturnType<typeof createHealth<Name>> | undefined;
  const started = await start((clock) => {
    health = createHealth<Name>({
      regions: regionsOf('us'),
      clock,
      peers: {
        secret: SECRET,
        intervalMs: 100,
        urgentIntervalMs: 20,
        fetch: async (url, init) => {
          if (!url.includes('//eu.')) throw new Error('there is no other process here');
          if (answerMs > 0) await wait(answerMs);
          if (isOpen) return door(new Request(url, { headers: init.headers }));
          refused += 1;
          return answer();
        },
      },
    });
    return health.view;
  }, timeoutMs);
  closing.unshift(async () => health?.close());
  health?.follow(started.router, { reads: false, writes: false });
  await until(() => health?.view.get('eu')?.measured === true);
  started.memory.region('eu').kill();
  await until(() => started.router.topology().nodes.some(({ region, code }) => region === 'eu' && code !== undefined));
  return {
    ...started,
    promote: (): void => {
      const { highest } = started.router.topology();
      if (highest === undefined) throw new Error('us is the primary');
      const epoch = { ...highest, timeline: highest.timeline + 1, owner: 'eu/0', server: 'a'.repeat(16) };
      report = {
        role: 'primary',
        epoch,
        position: 100_000_000n,
        forks: [],
        highest: epoch,
        measuredEpoch: epoch,
        measured: true,
      };
    },
    open: (): void => {
      isOpen = true;
    },
    shut: (): void => {
      isOpen = false;
    },
    refused: () => refused,
    slowDown: (): void => {
      answerMs = 60;
    },
    wake: () => health?.wake(),
    askedAtMs: () => health?.view.get('eu')?.askedAtMs,
  };
}

describe.each([
  ['503', unavailable],
  ['404', () => new Response('no such app', { status: 404 })],
  ['a web page', () => new Response('<p>starting', { headers: { 'content-type': 'text/html' } })],
])('after a thaw, a gateway that answers %s for a region', (_what, answer) => {
  it('has said nothing of it: the region is asked again, and no write starts on a primary that it has replaced', async () => {
    const { router, promote, open, shut, refused, sleep, texts } = await startBehindGateway(undefined, answer);
    // The processes of eu are just starting, as after a freeze of the whole region.
    shut();
    promote();
    sleep();
    const written = router.write("INSERT INTO note VALUES ('after')").then(
      () => 'written',
      (error: { code: string }) => error.code,
    );
    const before = refused();
    await until(() => refused() > before + 2);
    expect(router.explain('write')).toMatchObject({ action: 'hold', reason: 'stale-view' });
    open();
    expect(await written).toBe('ERR_NOT_PRIMARY_REGION');
    expect(await texts()).toEqual([{ text: 'before' }]);
  });

  it('holds the writes no longer than a region that is gone', async () => {
    const { router, shut, sleep, texts } = await startBehindGateway(300, answer);
    shut();
    sleep();
    await router.write("INSERT INTO note VALUES ('after')");
    expect(await texts()).toEqual([{ text: 'before' }, { text: 'after' }]);
  });
});

it.each(['first', 'later'])(
  'a question after a thaw that health notices %s says nothing if its answer is thrown away: no write starts on a primary that was replaced',
  async (noticed) => {
    const { router, promote, sleep, slowDown, wake, askedAtMs, texts } = await startBehindGateway();
    slowDown();
    // A question has just ended, so `wake()` may ask at once.
    const before = askedAtMs();
    await until(() => askedAtMs() !== before);
    promote();
    sleep();
    const written = router.write("INSERT INTO note VALUES ('after')").then(
      () => 'written',
      (error: { code: string }) => error.code,
    );
    // After SIGCONT the sockets come before the timers, and a question of another region may be the first.
    if (noticed === 'later') wake();
    expect(await written).toBe('ERR_NOT_PRIMARY_REGION');
    expect(await texts()).toEqual([{ text: 'before' }]);
  },
);
