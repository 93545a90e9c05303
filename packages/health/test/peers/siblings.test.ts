import { type DatabaseReport, defineRegions } from '@regionkit/core';
import { createKeyring } from '@regionkit/core/kit';
import { type FakeClock, fakeClock } from '@regionkit/core/testing';
import { afterEach, expect, test } from 'vitest';
import { createHealth, type Health } from '../../src/index.ts';
import { seal } from '../../src/peers/document.ts';
import { SECRET } from '../helpers/fixtures.ts';
import { epochOf, primary, reporting } from '../helpers/network.ts';

const ACCEPTED: DatabaseReport = {
  ...primary('a'),
  acceptedForMs: 60_000,
  vouches: { primary: epochOf('a'), written: epochOf('b', 9) },
};
const NEW: DatabaseReport = { role: 'unknown', forks: [], highest: epochOf('a') };

type Name = 'a' | 'b';
const started: Health<Name>[] = [];
afterEach(async () => {
  for (const health of started.splice(0)) await health.close();
});

/** A region of several processes behind one origin that picks one in turn, and another region. */
function start() {
  const clock = fakeClock({ now: 1_000 });
  const behind: Record<Name, Health<Name>[]> = { a: [], b: [] };
  /** The documents that each region was sent, readable. */
  const sent: Record<Name, string[]> = { a: [], b: [] };
  let turn = 0;
  /** @param back how many of its questions to its own region come back to it */
  const process = (self: Name, report: DatabaseReport, state = 'ready', back = 0) => {
    let left = back;
    const told = { report, state };
    const health: Health<Name> = createHealth<Name>({
      regions: defineRegions({
        self,
        all: { a: { origin: 'https://a.example.com' }, b: { origin: 'https://b.example.com' } },
      }),
      clock,
      random: () => 0.5,
      peers: {
        secret: SECRET,
        fetch: async (url, init) => {
          await Promise.resolve();
          const all = behind[new URL(url).hostname[0] as Name];
          turn += 1;
          const isBack = url.startsWith(`https://${self}.`) && left > 0;
          if (isBack) left -= 1;
          const to = isBack ? health : all[turn % Math.max(1, all.length)];
          if (to === undefined) throw new Error('connection refused');
          const answered = await to.fetch(() => new Response('not found', { status: 404 }))(
            new Request(url, { headers: init.headers }),
          );
          sent[self].push(Buffer.from((await answered.clone().text()).split('.')[0] ?? '', 'base64url').toString());
          return answered;
        },
      },
    });
    health.follow(
      reporting(() => ({ local: told.report, state: told.state })),
      { reads: false, writes: false },
    );
    health.check('app', () => {});
    started.push(health);
    return { health, told };
  };
  const advance = async (ms: number) => {
    for (let left = ms; left > 0; left -= 50) await clock.advance(50);
  };
  const answer = async ({ health }: { health: Health<Name> }, path: string) =>
    (await health.fetch(() => new Response('', { status: 404 }))(new Request(`https://a.example.com${path}`))).status;
  return { behind, sent, process, advance, answer, clock };
}

test('a process knows the other processes of its region, what they vouch for, and not itself', async () => {
  const { behind, process, advance } = start();
  const old = process('a', ACCEPTED);
  const young = process('a', NEW, 'unconfirmed');
  behind.a.push(old.health, young.health);
  await advance(3_000);
  const { siblings, asked } = young.health.view.get('a') ?? {};
  expect(asked).toBe(true);
  expect(siblings?.map(({ database }) => database)).toEqual([ACCEPTED]);
  expect(old.health.view.get('a')?.siblings).toHaveLength(1);
});

test.each([
  [4, 1],
  [5, 0],
])('a newcomer that its balancer gives %i questions back has met %i siblings when it has asked', async (back, met) => {
  const { behind, process, clock } = start();
  behind.a.push(process('a', ACCEPTED).health);
  const { health } = process('a', NEW, 'unconfirmed', back);
  while (health.view.get('a')?.asked !== true) await clock.advance(1);
  expect(health.view.get('a')?.siblings).toHaveLength(met);
});

test('a router hears at once that its siblings were asked, and not a pulse later', async () => {
  const { behind, process, clock } = start();
  behind.a.push(process('a', ACCEPTED).health);
  const { health } = process('a', NEW, 'unconfirmed');
  const told: unknown[] = [];
  health.view.subscribe(({ name, asked, siblings }) => void told.push([name, asked, siblings?.length]));
  await clock.advance(20);
  expect(told).toContainEqual(['a', true, 1]);
});

test('a newcomer that meets itself and then a process without a name does not ask without end', async () => {
  const clock = fakeClock({ now: 1_000 });
  const documents = createKeyring({ option: 'test', secrets: SECRET, purpose: 'region-document' });
  let asked = 0;
  const health: Health<Name> = createHealth<Name>({
    regions: defineRegions({
      self: 'a',
      all: { a: { origin: 'https://a.example.com' }, b: { origin: 'https://b.example.com' } },
    }),
    clock,
    random: () => 0.5,
    peers: {
      secret: SECRET,
      fetch: async (url, { headers }) => {
        await Promise.resolve();
        if (url.startsWith('https://a.')) asked += 1;
        if (url.startsWith('https://b.') || asked > 20) throw new Error('connection refused');
        if (asked === 1)
          return health.fetch(() => new Response('not found', { status: 404 }))(new Request(url, { headers }));
        const word = { region: 'a', accept: 'yes', reads: 'pass', writes: 'pass', relative: 'in' } as const;
        return new Response(seal(word, headers['x-region-nonce'] ?? '', documents));
      },
    },
  });
  started.push(health);
  while (health.view.get('a')?.asked !== true) await clock.advance(1);
  expect(asked).toBe(2);
});

test('what a process vouches for is told to its own region alone', async () => {
  const { behind, sent, process, advance } = start();
  const told = process('a', ACCEPTED);
  const sibling = process('a', NEW);
  const other = process('b', NEW);
  behind.a.push(told.health, sibling.health);
  behind.b.push(other.health);
  await advance(3_000);
  expect(other.health.view.get('a')).toMatchObject({ acceptedForMs: 60_000, asked: true });
  expect(sent.a.join()).toContain('"vouches"');
  expect(sent.b.join()).toContain('"acceptedForMs"');
  expect(sent.b.join()).not.toMatch(/vouches|written/);
});

test('a newcomer beside a process that has accepted a primary is not ready until it has, and stays ready from then on', async () => {
  const { behind, process, advance, answer } = start();
  const old = process('a', ACCEPTED);
  behind.a.push(old.health);
  await advance(1_000);
  const young = process('a', NEW, 'unconfirmed');
  await advance(2_000);
  expect(young.health.verdict()).toMatchObject({ phase: 'unconfirmed', accept: 'no' });
  for (const path of ['/readyz', '/health', '/health/read', '/health/write'])
    expect(await answer(young, path)).toBe(503);
  expect(await answer(young, '/livez')).toBe(200);
  young.told.report = ACCEPTED;
  young.told.state = 'ready';
  await advance(500);
  expect(await answer(young, '/readyz')).toBe(200);
  young.told.report = NEW;
  young.told.state = 'no-primary';
  await advance(5_000);
  expect(await answer(young, '/readyz')).toBe(200);
});

test.each([
  ['its event loop was blocked', (clock: FakeClock) => clock.suspend(3_000)],
  ['its machine slept', (clock: FakeClock) => clock.stepWall(3_000)],
])('a newcomer beside a process that has accepted a primary is not ready only because %s', async (_name, freeze) => {
  const { behind, process, advance, answer, clock } = start();
  behind.a.push(process('a', ACCEPTED).health);
  await advance(1_000);
  const young = process('a', NEW, 'unconfirmed');
  await advance(2_000);
  freeze(clock);
  for (let step = 0; step < 20; step += 1) {
    // It has not heard its siblings again yet, so it does not know that there is none.
    expect(await answer(young, '/readyz')).toBe(503);
    await advance(50);
  }
});

test('newcomers alone are ready: reads can be served, and there is nobody to wait for', async () => {
  const { behind, process, advance, answer } = start();
  const young = [process('a', NEW, 'unconfirmed'), process('a', NEW, 'unconfirmed')];
  expect(await answer(young[0] as never, '/readyz')).toBe(503);
  await advance(500);
  behind.a.push(...young.map(({ health }) => health));
  await advance(3_000);
  for (const each of young) expect(await answer(each, '/readyz')).toBe(200);
});

test('a newcomer that can forward is ready, though it has accepted nothing', async () => {
  const { behind, process, advance, answer } = start();
  behind.a.push(process('a', ACCEPTED).health);
  await advance(500);
  const young = process('a', NEW, 'ready');
  await advance(2_000);
  expect(await answer(young, '/readyz')).toBe(200);
});

test('a newcomer goes on when the process that had accepted is gone', async () => {
  const { behind, process, advance, answer } = start();
  const old = process('a', ACCEPTED);
  behind.a.push(old.health);
  const young = process('a', NEW, 'unconfirmed');
  await advance(2_000);
  expect(await answer(young, '/readyz')).toBe(503);
  behind.a.length = 0;
  await advance(10_000);
  expect(await answer(young, '/readyz')).toBe(200);
});
