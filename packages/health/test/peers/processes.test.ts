import type { DatabaseReport, RegionState } from '@regionkit/core';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { createHealth, type Health } from '../../src/index.ts';
import { bestOf, type ProcessDocument } from '../../src/peers/best-of.ts';
import type { RegionDocument } from '../../src/peers/document.ts';
import { freshMemory, neighbour, peerState, remember } from '../../src/peers/peer.ts';
import { SECRET, threeRegions } from '../helpers/fixtures.ts';
import { epochOf, type Name, type Network, network, primary, reporting } from '../helpers/network.ts';

const TIMES = { unknownAfterMs: 5_000, downAfterMs: 15_000 };
const REGION = { name: 'a', origin: 'https://a.example.com' } as const;

let world: Network | undefined;
let second: Health<Name> | undefined;
afterEach(async () => {
  await second?.close();
  await world?.close();
});

/** Region `a` has two processes behind a balancer that takes them in turn; the second has just been started. */
function twoProcesses(report: () => DatabaseReport): Network {
  const made = network();
  world = made;
  second = createHealth({
    regions: threeRegions('a'),
    clock: made.clocks.a,
    random: () => 0.5,
    peers: { secret: SECRET, fetch: () => new Promise(() => {}) },
  });
  second.follow(
    reporting(() => ({ local: report(), state: 'ready' })),
    { reads: false, writes: false },
  );
  const door = second.fetch(() => new Response());
  let turn = 0;
  made.between = (_from, to, request) => {
    turn += 1;
    return to === 'a' && turn % 2 === 0 ? Promise.resolve(door(request)) : undefined;
  };
  return made;
}

test('a process that has just been started does not take the primary from another region', async () => {
  const { healths, advance } = twoProcesses(() => ({ role: 'unknown', forks: [] }));
  await advance(5_000);
  expect(healths.c.view.get('a')?.primary?.epoch).toEqual(epochOf('a'));
  const told: RegionState[] = [];
  healths.c.view.subscribe((state) => told.push(state));
  for (let step = 0; step < 200; step += 1) {
    await advance(100);
    expect(healths.c.view.get('a')?.primary?.epoch).toEqual(epochOf('a'));
  }
  expect(told).toEqual([]);
});

test('a region loses its primary as soon as every process has taken it back', async () => {
  const { healths, reports, advance } = twoProcesses(() => ({ role: 'unknown', forks: [] }));
  await advance(5_000);
  reports.a = { role: 'unknown', forks: [] };
  await advance(1_000);
  expect(healths.c.view.get('a')?.primary).toBeUndefined();
});

test('a region drains when every process of it does', async () => {
  const { healths, advance } = twoProcesses(() => primary('a'));
  await advance(5_000);
  healths.a.drain();
  await advance(5_000);
  expect(healths.c.view.get('a')?.accept).toBe('yes');
  second?.drain();
  await advance(5_000);
  expect(healths.c.view.get('a')?.accept).toBe('draining');
});

const said = (process: string, patch: Partial<RegionDocument>): RegionDocument => ({
  region: 'a',
  process: process.padEnd(16, '-'),
  accept: 'yes',
  reads: 'pass',
  writes: 'pass',
  relative: 'in',
  ...patch,
});
const at = (observedAtMs: number, document: RegionDocument): ProcessDocument => ({ document, observedAtMs });

test('a claim to be the primary ends with its age, with a higher timeline, and with the process that made it', () => {
  let memory = remember(freshMemory(0), said('x', { database: primary('a') }), 1_000, TIMES);
  memory = remember(memory, said('y', { database: { role: 'standby', forks: [] } }), 2_000, TIMES);
  expect(peerState(REGION, memory, 6_000, TIMES)).toMatchObject({ primary: { position: 10n }, observedAtMs: 1_000 });
  expect(peerState(REGION, memory, 6_001, TIMES).primary).toBeUndefined();
  expect(peerState(REGION, memory, 6_001, TIMES)).toMatchObject({ accept: 'yes', observedAtMs: 2_000 });
  const recanted = remember(memory, said('x', { database: { role: 'unknown', forks: [] } }), 3_000, TIMES);
  expect(peerState(REGION, recanted, 3_000, TIMES).primary).toBeUndefined();
  const higher = { role: 'standby', forks: [], highest: epochOf('b', 2) } as const;
  const promoted = remember(memory, said('y', { database: higher }), 3_000, TIMES);
  expect(peerState(REGION, promoted, 3_000, TIMES).primary).toBeUndefined();
  expect(peerState(REGION, promoted, 3_000, TIMES).highest).toEqual(epochOf('b', 2));
});

test('of two claims the higher timeline counts, whichever was heard last', () => {
  const old = at(2_000, said('x', { database: primary('a', 1) }));
  const newer = at(1_000, said('y', { database: primary('a', 2) }));
  expect(bestOf([old, newer]).primary?.epoch.timeline).toBe(2);
  expect(bestOf([at(3_000, newer.document), old]).primary?.epoch.timeline).toBe(2);
});

test('a region knows every fork and the highest epoch that a process of it knows, and how long it has been sure', () => {
  const forks = [1, 2].map((parent) => ({ system: '1', parent, child: parent + 1, lsn: 5n }));
  const knowing = { role: 'unknown', forks, highest: epochOf('b', 3), measured: true, acceptedForMs: 70 } as const;
  let memory = remember(freshMemory(0), said('x', { database: knowing }), 1_000, TIMES);
  memory = remember(memory, said('y', { database: { role: 'unknown', forks: [] } }), 2_000, TIMES);
  const known = { forks, highest: epochOf('b', 3) };
  expect(peerState(REGION, memory, 2_000, TIMES)).toMatchObject({ ...known, measured: true, acceptedForMs: 70 });
  expect(peerState(REGION, memory, 60_000, TIMES)).toMatchObject({ ...known, accept: 'no' });
});

test('a region has measured what any of its processes has, whichever was heard last', () => {
  const before = { role: 'unknown', forks: [], measuredEpoch: epochOf('b', 2) } as const;
  const newer = at(2_000, said('y', { database: { role: 'unknown', forks: [], highest: epochOf('b', 9) } }));
  expect(bestOf([newer, at(1_000, said('x', { database: before }))]).measuredEpoch).toEqual(epochOf('b', 2));
  expect(bestOf([newer]).measuredEpoch).toBeUndefined();
});

test.each([
  [[undefined, undefined], undefined],
  [[undefined, false], false],
  [[false, true], true],
])('of processes that say %j of their database, the region says %j', (words, expected) => {
  const [first, second] = words.map((measured) =>
    at(1_000, said('x', { database: { role: 'unknown', forks: [], ...(measured !== undefined && { measured }) } })),
  ) as [ProcessDocument, ProcessDocument];
  expect(bestOf([first, second]).measured).toBe(expected);
});

test.each<[string, Partial<RegionDocument>, Partial<RegionDocument>, Partial<RegionDocument>]>([
  ['one drains', { accept: 'draining' }, {}, { accept: 'yes' }],
  ['one is starting', { accept: 'no', reads: 'unknown' }, { accept: 'draining' }, { accept: 'draining' }],
  ['one reads nothing', { reads: 'fail' }, { writes: 'fail' }, { reads: 'pass', writes: 'fail' }],
  [
    'one accepts and reads nothing, the other drains and reads',
    { accept: 'yes', reads: 'fail' },
    { accept: 'draining', reads: 'pass' },
    { accept: 'draining', reads: 'pass' },
  ],
])('the verdict is that of one process that could serve: %s', (_, one, other, expected) => {
  expect(bestOf([at(2, said('x', one)), at(1, said('y', other))])).toMatchObject(expected);
  expect(bestOf([at(2, said('y', other)), at(1, said('x', one))])).toMatchObject(expected);
});

test('the guard relies on a region only if all of its processes serve and none of them leaves', () => {
  const both = (one: Partial<RegionDocument>, other: Partial<RegionDocument>) =>
    neighbour('a', remember(remember(freshMemory(0), said('x', one), 1, TIMES), said('y', other), 2, TIMES), 2, TIMES);
  expect(both({}, {})).toMatchObject({ served: true, relative: 'in', observedAtMs: 2 });
  expect(both({ relative: 'out' }, { relative: 'asking' })).toMatchObject({ relative: 'out' });
  for (const worse of [{ accept: 'draining' }, { accept: 'no' }, { reads: 'fail' }, { reads: 'unknown' }] as const) {
    expect(both(worse, {})).toMatchObject({ served: false });
    expect(both({}, worse)).toMatchObject({ served: false });
  }
  expect(neighbour('a', freshMemory(0), 0, TIMES)).toMatchObject({ served: false });
});

test('however many processes speak, a bounded number is remembered, and the last word of each counts', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ process: fc.nat(100), gapMs: fc.nat(2_000), timeline: fc.integer({ min: 1, max: 9 }) })),
      (documents) => {
        let memory = freshMemory(0);
        let nowMs = 0;
        for (const { process, gapMs, timeline } of documents) {
          nowMs += gapMs;
          memory = remember(memory, said(String(process), { database: primary('a', timeline) }), nowMs, TIMES);
          expect(memory.documents.length).toBeLessThanOrEqual(32);
          expect(new Set(memory.documents.map(({ document }) => document.process)).size).toBe(memory.documents.length);
          expect(memory.documents[0]).toMatchObject({ observedAtMs: nowMs });
          const { primary: best } = peerState(REGION, memory, nowMs, TIMES);
          const timelines = memory.documents.map(({ document }) => document.database?.epoch?.timeline ?? 0);
          expect(best?.epoch.timeline).toBe(Math.max(...timelines));
        }
      },
    ),
  );
});
