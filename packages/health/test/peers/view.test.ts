import { AsyncLocalStorage } from 'node:async_hooks';
import type { RegionState } from '@regionkit/core';
import { createKeyring } from '@regionkit/core/kit';
import { type FakeClock, fakeClock } from '@regionkit/core/testing';
import { afterEach, expect, test } from 'vitest';
import { createHealth } from '../../src/index.ts';
import { seal } from '../../src/peers/document.ts';
import { signedQuestion, threeRegions } from '../helpers/fixtures.ts';
import {
  epochOf,
  NAMES,
  type Name,
  type Network,
  network,
  primary,
  reporting,
  silence,
  standby,
} from '../helpers/network.ts';

let world: Network | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});
function start(...options: Parameters<typeof network>): Network {
  world = network(...options);
  return world;
}

test('regions come to know each other, who is the primary and where it is', async () => {
  const { healths, advance, clocks } = start();
  expect(healths.b.view.get('a')).toMatchObject({ accept: 'unknown', reads: 'unknown', identified: false });
  await advance(100);
  for (const name of ['b', 'c'] as const) {
    expect(healths[name].view.get('a')).toMatchObject({
      name: 'a',
      origin: 'https://a.example.com',
      accept: 'yes',
      reads: 'pass',
      writes: 'pass',
      identified: true,
      primary: { epoch: epochOf('a'), position: 10n },
      highest: epochOf('a'),
      forks: [],
    });
    expect(healths[name].view.get('a')?.observedAtMs).toBeLessThanOrEqual(clocks[name].now());
  }
  expect(healths.a.view.get('b')?.primary).toBeUndefined();
  expect(healths.a.view.list().map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  expect(healths.a.view.get('nowhere')).toBeUndefined();
  expect(healths.a.view.get('__proto__')).toBeUndefined();
  expect(Object.keys(healths.a.view.get('b') ?? {})).not.toContain('relative');
});

test('this region is shown as its own verdict and its own report say', async () => {
  const { healths, reports, advance } = start();
  healths.a.check('db', () => ({ status: 'fail' }), { affects: ['reads'] });
  await advance(100);
  expect(healths.a.view.get('a')).toMatchObject({
    reads: 'fail',
    writes: 'pass',
    accept: 'yes',
    identified: true,
    primary: { epoch: epochOf('a'), position: 10n },
  });
  reports.a = primary('a', 1, 11n);
  expect(healths.a.view.get('a')?.primary?.position).toBe(11n);
});

test('a router that is not followed yet, or throws, reports nothing', () => {
  const health = createHealth({ regions: threeRegions(), clock: fakeClock() });
  expect(health.view.get('a')?.primary).toBeUndefined();
  health.follow(
    reporting(() => {
      throw new Error('closed');
    }),
    { reads: false, writes: false },
  );
  expect(health.view.get('a')).toMatchObject({ accept: 'yes' });
  expect(health.view.get('a')?.primary).toBeUndefined();
  void health.close();
});

test('clocks an hour apart, or set while it runs, part no regions', async () => {
  const { healths, clocks, advance } = start();
  clocks.b.stepWall(3_600_000);
  clocks.c.stepWall(-3_600_000);
  await advance(1_000);
  expect(healths.a.view.list().map(({ accept }) => accept)).toEqual(['yes', 'yes', 'yes']);
  expect(healths.b.view.get('a')?.accept).toBe('yes');
  const reasons = new Set<string>();
  for (const name of NAMES) healths[name].on('peer', ({ reason }) => reasons.add(reason));
  clocks.b.stepWall(-7_200_000);
  for (let step = 0; step < 100; step += 1) {
    await advance(100);
    expect(healths.a.view.list().map(({ accept }) => accept)).toEqual(['yes', 'yes', 'yes']);
  }
  expect([...reasons]).toEqual(['ok']);
});

test.each([
  ['both clocks went on', (clock: FakeClock) => clock.suspend(4_000)],
  ['the monotonic clock stood still', (clock: FakeClock) => clock.stepWall(4_000)],
])('a process that was frozen believes no report from before the thaw: %s', async (_name, freeze) => {
  const { healths, clocks, advance } = start();
  await advance(3_000);
  expect(healths.a.view.get('b')).toMatchObject({ accept: 'yes', identified: true });
  freeze(clocks.a);
  const thawedAtMs = clocks.a.now();
  // Younger than `unknownAfterMs`, but nothing was asked meanwhile.
  const thawed = healths.a.view.get('b');
  expect(thawed).toMatchObject({ accept: 'unknown', identified: false });
  expect(thawed?.askedAtMs).toBeLessThan(thawedAtMs);
  await advance(300);
  const again = healths.a.view.get('b');
  expect(again).toMatchObject({ accept: 'yes', identified: true });
  expect(again?.askedAtMs).toBeGreaterThanOrEqual(thawedAtMs);
  expect(again?.observedAtMs).toBe(again?.askedAtMs);
});

test('a region that was never asked says so, and not that the view does not know', async () => {
  const { healths } = start();
  expect(healths.a.view.get('b')).toMatchObject({ askedAtMs: Number.NEGATIVE_INFINITY });
  expect(healths.a.view.get('b')).not.toHaveProperty('asked');
});

test('a pause of the process that is no freeze leaves what the regions said', async () => {
  const { healths, clocks, advance } = start();
  await advance(3_000);
  clocks.a.suspend(1_500);
  expect(healths.a.view.get('b')).toMatchObject({ accept: 'yes', identified: true });
});

test('a region that does not answer was asked all the same', async () => {
  const world = start();
  const { healths, clocks, advance } = world;
  await advance(3_000);
  world.between = (_from, to) => (to === 'b' ? silence() : undefined);
  const sinceMs = clocks.a.now();
  await advance(6_000);
  const state = healths.a.view.get('b');
  expect(state?.askedAtMs).toBeGreaterThan(sinceMs);
  expect(state?.observedAtMs).toBeLessThan(state?.askedAtMs ?? 0);
});

test.each<[string, boolean, () => Promise<Response>]>([
  ['503', false, async () => new Response('no', { status: 503 })],
  ['429', false, async () => new Response('no', { status: 429 })],
  ['404', false, async () => new Response('no', { status: 404 })],
  ['401', false, async () => new Response('no', { status: 401 })],
  ['a web page', false, async () => new Response('<p>soon', { headers: { 'content-type': 'text/html' } })],
  ['a text', false, async () => new Response('starting')],
  ['a redirect', false, async () => new Response(null, { status: 302, headers: { location: '/login' } })],
  ['a page without an end', false, async () => new Response('x'.repeat(100_000))],
  [
    'a refusal without a signature',
    false,
    async () => new Response('', { status: 403, headers: { 'x-region-refused': 'replayed' } }),
  ],
  ['a broken connection', true, () => Promise.reject(new TypeError('fetch failed'))],
])(
  'the question that something before a region ends with %s is over for a process that was frozen: %s',
  async (_what, isOver, answer) => {
    const world = start();
    const { healths, clocks, advance } = world;
    world.between = (_from, to) => (to === 'b' ? answer() : undefined);
    await advance(3_000);
    clocks.a.suspend(4_000);
    const thawedAtMs = clocks.a.now();
    await advance(1_000);
    const state = healths.a.view.get('b');
    // A process that starts has asked it once: it must not wait for ever.
    expect(state).toMatchObject({ asked: true, identified: false });
    expect((state?.askedAtMs ?? 0) >= thawedAtMs).toBe(isOver);
    world.between = () => undefined;
    await advance(2_500);
    expect(healths.a.view.get('b')?.askedAtMs).toBeGreaterThanOrEqual(thawedAtMs);
  },
);

test('a draining region is believed at once, not a poll later', async () => {
  const { healths, advance } = start();
  await advance(3_000);
  healths.b.drain();
  await advance(250);
  expect(healths.a.view.get('b')?.accept).toBe('draining');
  expect(healths.c.view.get('b')?.accept).toBe('draining');
});

test('a promotion is known everywhere within one urgent poll', async () => {
  const { healths, reports, advance } = start();
  await advance(3_000);
  reports.a = { role: 'unknown', forks: [] };
  await advance(400);
  expect(healths.c.view.get('a')?.primary).toBeUndefined();
  reports.b = primary('b', 2);
  await advance(300);
  for (const name of ['a', 'c'] as const) {
    expect(healths[name].view.get('b')?.primary?.epoch).toEqual(epochOf('b', 2));
  }
});

test('a primary that falls silent makes the others ask each other more often, so that its heir is heard at once', async () => {
  const world = start();
  const { healths, reports, advance, asked } = world;
  await advance(10_000);
  const before = asked.c;
  await advance(2_000);
  expect(asked.c - before).toBeLessThanOrEqual(4);
  world.between = (from, to) => (from === 'a' || to === 'a' ? silence() : undefined);
  await advance(4_000);
  const silent = asked.c;
  await advance(1_000);
  expect(asked.c - silent).toBeGreaterThanOrEqual(4);
  // Nobody is told: c hears of it by asking.
  world.between = (from, to) => (from !== 'c' || to === 'a' ? silence() : undefined);
  reports.b = primary('b', 2);
  await advance(350);
  expect(healths.c.view.get('b')?.primary?.epoch).toEqual(epochOf('b', 2));
});

test('a router that throws quickens the polls', async () => {
  const { asked, advance, reports } = start();
  await advance(10_000);
  const before = asked.a;
  await advance(4_000);
  const quiet = asked.a - before;
  Object.defineProperty(reports, 'a', {
    get: () => {
      throw new Error('closed');
    },
  });
  await advance(4_000);
  expect(asked.a - before - quiet).toBeGreaterThan(4 * quiet);
});

test('a router that is followed is reported, and its state says when it is urgent', async () => {
  const world = start();
  const { healths, asked, advance, reports, states } = world;
  reports.c = primary('c', 7);
  await advance(10_000);
  expect(healths.a.view.get('c')?.primary?.epoch).toEqual(epochOf('c', 7));
  expect(healths.c.view.get('c')?.primary?.epoch).toEqual(epochOf('c', 7));
  const before = asked.c;
  await advance(4_000);
  const quiet = asked.c - before;
  states.c = 'no-primary';
  await advance(4_000);
  expect(asked.c - before - quiet).toBeGreaterThan(4 * quiet);
});

test('wake asks at once, but nobody more often than every urgent interval', async () => {
  const { healths, asked, advance } = start();
  await advance(1_000);
  const before = asked.a;
  for (let call = 0; call < 1_000; call += 1) healths.a.wake();
  expect(asked.a - before).toBe(2);
  await advance(250);
  expect(asked.a - before).toBeLessThanOrEqual(4);
});

test('news from outside cannot make a region ask more often than every urgent interval', async () => {
  const { healths, asked, advance } = start();
  await advance(1_000);
  const before = asked.a;
  const door = healths.a.fetch(() => new Response());
  const ask = async (headers: Readonly<Record<string, string>>): Promise<number> =>
    (await door(new Request('https://a.example.com/health/region', { headers }))).status;
  const unsigned = { ...signedQuestion({ news: true }), 'x-region-code': 'x'.repeat(43) };
  for (let call = 0; call < 500; call += 1) expect(await ask(unsigned)).toBe(401);
  await advance(300);
  expect(asked.a - before).toBe(0);
  for (let call = 0; call < 500; call += 1) expect(await ask(signedQuestion({ news: true }))).toBe(200);
  for (const from of ['a', 'nowhere', '__proto__', '']) await ask(signedQuestion({ news: true, from }));
  expect(asked.a - before).toBe(1);
});

test('a silent region keeps its last word for a while, is then unknown, then down, and is believed when it is back', async () => {
  const world = start();
  const { healths, advance } = world;
  await advance(1_000);
  world.between = (_from, to) => (to === 'b' ? silence() : undefined);
  const seen: string[] = [];
  for (let second = 0; second < 18; second += 1) {
    await advance(1_000);
    const state = healths.a.view.get('b');
    const last = `${state?.accept} ${state?.reads} ${state?.identified}`;
    if (seen.at(-1) !== last) seen.push(last);
  }
  expect(seen).toEqual(['yes pass true', 'unknown unknown false', 'no fail false']);
  expect(healths.a.view.get('c')?.accept).toBe('yes');
  world.between = () => undefined;
  await advance(2_500);
  expect(healths.a.view.get('b')?.accept).toBe('yes');
});

test('a region that never answered is unknown for a while, then down', async () => {
  const world = start();
  world.between = () => silence();
  await world.advance(14_000);
  expect(world.healths.a.view.get('b')?.accept).toBe('unknown');
  await world.advance(2_000);
  expect(world.healths.a.view.get('b')).toMatchObject({ accept: 'no', reads: 'fail', writes: 'fail' });
});

test('a region that is unknown is no primary any more, but its forks and the epochs it heard of stay', async () => {
  const world = start();
  const { healths, reports, advance } = world;
  const forks = [{ system: '1', parent: 1, child: 2, lsn: 5n }];
  reports.a = { ...primary('a', 2), forks, highest: epochOf('c', 3) };
  await advance(1_000);
  world.between = (_from, to) => (to === 'a' ? silence() : undefined);
  await advance(6_000);
  const state = healths.b.view.get('a');
  expect(state?.primary).toBeUndefined();
  expect(state).toMatchObject({ accept: 'unknown', forks, highest: epochOf('c', 3) });
});

test('a partition in one direction is seen in that direction alone', async () => {
  const world = start();
  world.between = (from, to) => (from === 'a' && to === 'b' ? silence() : undefined);
  await world.advance(20_000);
  expect(world.healths.a.view.get('b')?.accept).toBe('no');
  expect(world.healths.b.view.get('a')?.accept).toBe('yes');
  expect(world.healths.c.view.get('b')?.accept).toBe('yes');
});

test('a name that leads to another region is noticed at once, and nothing is sent that way', async () => {
  const world = start();
  const { healths, advance } = world;
  const reasons: string[] = [];
  healths.a.on('peer', ({ region, reason }) => {
    if (region === 'b') reasons.push(reason);
  });
  await advance(1_000);
  expect(healths.a.view.get('b')?.identified).toBe(true);
  world.between = (from, to, request) =>
    from === 'a' && to === 'b' ? Promise.resolve(healths.c.fetch(() => new Response())(request)) : undefined;
  await advance(2_500);
  expect(healths.a.view.get('b')).toMatchObject({ identified: false, accept: 'unknown', reads: 'unknown' });
  expect(reasons).toContain('wrong-region');
});

test('a name that leads back to this region is noticed too', async () => {
  const world = start();
  world.between = (from, to, request) =>
    from === 'a' && to === 'b' ? Promise.resolve(world.healths.a.fetch(() => new Response())(request)) : undefined;
  await world.advance(1_000);
  expect(world.healths.a.view.get('b')).toMatchObject({ identified: false, accept: 'unknown' });
});

const html = async (): Promise<Response> =>
  new Response('<html>ok</html>', { headers: { 'content-type': 'text/html' } });
test.each<[string, (request: Request, healths: Network['healths']) => Promise<Response>, string]>([
  ['a web page with 200', html, 'not-mounted'],
  ['a text that is no document', async () => new Response('ok'), 'malformed'],
  [
    'a redirect',
    async () => new Response(null, { status: 302, headers: { location: 'https://b.example.com/health/region' } }),
    'redirect',
  ],
  ['an error', async () => new Response('no', { status: 500 }), 'status'],
  ['an error of a gateway', async () => new Response('no', { status: 503 }), 'gateway'],
  ['that there is no such path', async () => new Response('no', { status: 404 }), 'not-mounted'],
  ['10 MB', async () => new Response('x'.repeat(10_000_000)), 'too-large'],
  ['a broken connection', () => Promise.reject(new TypeError('fetch failed')), 'unreachable'],
  ['nothing in time', silence, 'timeout'],
  [
    'the answer to an older question',
    async (_request, { b }) => {
      const headers = signedQuestion({ from: 'a', to: 'b' });
      const old = new Request('https://b.example.com/health/region', { headers });
      return b.fetch(() => new Response())(old);
    },
    'wrong-nonce',
  ],
  [
    'a document under a secret of its own',
    async (request) => {
      const options = { option: 'test', secrets: 'o'.repeat(32), purpose: 'region-document' };
      const document = { region: 'b', accept: 'yes', reads: 'pass', writes: 'pass', relative: 'in' } as const;
      return new Response(seal(document, request.headers.get('x-region-nonce') ?? '', createKeyring(options)));
    },
    'bad-signature',
  ],
])('a region that answers %s is not believed', async (_, answer, reason) => {
  const world = start();
  const { healths, advance } = world;
  const reasons = new Set<string>();
  healths.a.on('peer', ({ region, reason: told }) => {
    if (region === 'b') reasons.add(told);
  });
  world.between = (from, to, request) => (from === 'a' && to === 'b' ? answer(request, healths) : undefined);
  await advance(4_000);
  expect([...reasons]).toEqual([reason]);
  expect(healths.a.view.get('b')).toMatchObject({ accept: 'unknown', identified: false });
});

test('a region without the secret is not believed, and learns nothing it could use', async () => {
  const { healths, advance } = start({ secrets: { b: 'another secret of thirty-two bytes or so' } });
  const reasons = new Set<string>();
  healths.a.on('peer', ({ region, reason }) => {
    if (region === 'b') reasons.add(reason);
  });
  await advance(3_000);
  expect([...reasons]).toEqual(['refused']);
  expect(healths.a.view.get('b')?.accept).toBe('unknown');
  expect(healths.b.view.get('a')?.accept).toBe('unknown');
});

/** Keeps back the answer of b to a, once a question is under way: what releases it, and when it was asked. */
async function heldAnswer(world: Network): Promise<{ readonly askedAtMs: number; release(): Promise<void> }> {
  let askedAtMs = Number.NaN;
  let release = (): void => {};
  world.between = (from, to, request) => {
    if (from !== 'a' || to !== 'b') return undefined;
    askedAtMs = world.clocks.a.now();
    const answer = world.healths.b.fetch(() => new Response())(request);
    return new Promise((resolve) => {
      release = () => resolve(answer);
    });
  };
  for (let step = 0; step < 60 && Number.isNaN(askedAtMs); step += 1) await world.advance(50);
  return {
    askedAtMs,
    release: async () => {
      release();
      await world.clocks.a.advance(0);
    },
  };
}

test.each(['before', 'after'])(
  'an answer that went through a suspension counts for nothing, noticed %s it came',
  async (noticed) => {
    const world = start();
    const { healths, clocks } = world;
    await world.advance(1_000);
    const answer = await heldAnswer(world);
    clocks.a.stepWall(3_600_000);
    if (noticed === 'before') expect(healths.a.view.get('b')?.accept).toBe('unknown');
    await answer.release();
    expect(healths.a.view.get('b')).toMatchObject({ accept: 'unknown', identified: false });
    world.between = () => undefined;
    await world.advance(300);
    expect(healths.a.view.get('b')).toMatchObject({ accept: 'yes', identified: true });
  },
);

test('after a suspension a region counts as asked when it was asked again: nothing is known of it before', async () => {
  const world = start();
  const { healths, clocks } = world;
  await world.advance(1_000);
  expect(healths.a.view.get('b')).toMatchObject({ asked: true, identified: true });
  const answer = await heldAnswer(world);
  const settledAtMs = healths.a.view.get('b')?.askedAtMs;
  clocks.a.stepWall(3_600_000);
  expect(healths.a.view.get('b')?.asked).toBeUndefined();
  await answer.release();
  expect(healths.a.view.get('b')).toMatchObject({ identified: false, askedAtMs: settledAtMs });
  expect(healths.a.view.get('b')?.asked).toBeUndefined();
  world.between = () => undefined;
  await world.advance(300);
  expect(healths.a.view.get('b')).toMatchObject({ asked: true, identified: true });
});

test('the age of a document counts from the question: how long the answer took is a part of it', async () => {
  const world = start();
  const { healths, clocks } = world;
  await world.advance(1_000);
  const { askedAtMs, release } = await heldAnswer(world);
  await clocks.a.advance(800);
  await release();
  expect(clocks.a.now() - askedAtMs).toBeGreaterThanOrEqual(800);
  expect(healths.a.view.get('b')?.observedAtMs).toBe(askedAtMs);
});

test('subscribers are told of every change once, and of none that is not; one that throws harms nothing else', async () => {
  const world = start();
  const { healths, reports, advance } = world;
  await advance(1_000);
  const told: RegionState<Name>[] = [];
  healths.c.view.subscribe(() => {
    throw new Error('no');
  });
  healths.c.view.subscribe((() => Promise.reject(new Error('no'))) as () => void);
  const stop = healths.c.view.subscribe((state) => told.push(state));
  await advance(10_000);
  expect(told).toEqual([]);
  reports.a = primary('a', 1, 99n);
  await advance(3_000);
  expect(told.map(({ name, primary: known }) => [name, known?.position])).toEqual([['a', 99n]]);
  healths.b.drain();
  await advance(250);
  expect(told.at(-1)).toMatchObject({ name: 'b', accept: 'draining' });
  healths.c.drain();
  expect(told.at(-1)).toMatchObject({ name: 'c', accept: 'draining' });
  const { length } = told;
  stop();
  healths.c.undrain();
  expect(told).toHaveLength(length);
});

test('a document says what its own process measured: an echo of a dead primary makes nobody a primary', async () => {
  const world = start();
  const { healths, reports, advance } = world;
  reports.b = { ...standby, highest: epochOf('a', 1) };
  await advance(1_000);
  world.between = (from, to) => (to === 'a' || from === 'a' ? silence() : undefined);
  await advance(20_000);
  expect(healths.c.view.list().every(({ primary: known }) => known === undefined)).toBe(true);
  expect(healths.c.view.get('b')?.highest).toEqual(epochOf('a', 1));
});

test('a secret that rotates is fetched anew when a signature does not verify, at most every ten seconds', async () => {
  let refreshes = 0;
  const secret = {
    current: 'x'.repeat(32),
    subscribe: () => () => {},
    refresh: async () => {
      refreshes += 1;
    },
  };
  const world = network();
  const health = createHealth({
    regions: threeRegions(),
    clock: world.clocks.a,
    peers: {
      secret,
      intervalMs: 100,
      urgentIntervalMs: 100,
      fetch: (url, init) =>
        Promise.resolve(world.healths.b.fetch(() => new Response())(new Request(url, { headers: init.headers }))),
    },
  });
  await world.clocks.a.advance(9_000);
  expect(refreshes).toBe(1);
  await world.clocks.a.advance(9_000);
  expect(refreshes).toBe(2);
  await health.close();
  await world.close();
});

test('a request that makes a region ask does not lend its context to the question or to who hears of the answer', async () => {
  const { healths, advance } = start();
  await advance(1_000);
  const requests = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  healths.a.on('peer', () => seen.push(requests.getStore()));
  const door = healths.a.fetch(() => new Response());
  const question = new Request('https://a.example.com/health/region', { headers: signedQuestion({ news: true }) });
  await requests.run('request', async () => {
    healths.a.wake();
    await door(question);
  });
  await advance(3_000);
  expect(seen.length).toBeGreaterThan(2);
  expect(new Set(seen)).toEqual(new Set([undefined]));
});

test('a random of the app that throws costs nobody the questions', async () => {
  const { healths, advance } = start({
    random: () => {
      throw new Error('no');
    },
  });
  await advance(6_000);
  expect(healths.a.view.get('b')).toMatchObject({ accept: 'yes' });
  expect(healths.a.verdict().accept).toBe('yes');
});
