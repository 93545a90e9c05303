// The cost of a tail keeper: `node --import tsx -C @regionkit/source tools/salvage/tail-cost.ts [rounds] [seconds]`.
// First the time of one tick behind 1 MB and 128 MB of WAL. Then writes a second with a keeper that ticks each second
// and without one, in pairs of rounds. The slot is there in both: it needs wal_level = logical, and that is what its writes cost.
import { setTimeout as sleep } from 'node:timers/promises';
import { interval, spread } from '../../bench/src/statistics.ts';
import { defineRegions } from '../../packages/core/src/index.ts';
import { createRegionRouter, type RegionRouter } from '../../packages/db-router/src/index.ts';
import { createTailKeeper, type TailKeeper, tailSql } from '../../packages/db-router/src/tail/index.ts';
import { createLab } from '../../packages/lab/src/index.ts';

const [rounds = 12, seconds = 4] = process.argv.slice(2).map(Number);
const WRITERS = 8;
const MB = 1_024 ** 2;
const TICKS = 9;

await using lab = await createLab({
  regions: ['us', 'eu'],
  monitor: true,
  settings: { wal_level: 'logical', shared_buffers: '256MB', max_wal_size: '4GB', wal_keep_size: '2GB' },
});
const us = lab.region('us');
await us.query('CREATE TABLE event (id bigserial PRIMARY KEY, body text)');
await us.query(tailSql({ role: 'app' }));
await lab.caughtUp();
await using router: RegionRouter = createRegionRouter({
  regions: defineRegions({
    self: 'us',
    all: { us: { origin: 'http://us.localhost' }, eu: { origin: 'http://eu.localhost' } },
    development: true,
  }),
  pools: { us: us.pool({ max: WRITERS + 2 }), eu: lab.region('eu').pool({ max: 2 }) },
  writes: 'remote-pool',
  token: { secret: 'a secret of the figures, 32 bytes or more' },
});
await router.ready();

const keep = (intervalMs: number): TailKeeper =>
  createTailKeeper(router, { standbys: { 'us/0': 'us', 'eu/0': 'eu' }, intervalMs });

{
  await using first = keep(100);
  while (first.status().state !== 'keeping') await sleep(10);
}
for (const size of [1, 128]) {
  const times: number[] = [];
  for (let tick = 0; tick < (size > 16 ? 3 : TICKS); tick += 1) times.push(await timeOfTick(size));
  console.log(JSON.stringify({ tickBehindMb: size, ms: rounded(spread(times)) }));
}
await timeOfTick(1);
const idle: number[] = [];
for (let tick = 0; tick < TICKS; tick += 1) idle.push(await timeOfIdleTick());
console.log(JSON.stringify({ tickWithNothingToMove: true, ms: rounded(spread(idle)) }));

const pairs: { readonly without: number; readonly with: number }[] = [];
for (let round = 0; round < rounds; round += 1) {
  const found = { without: 0, with: 0 };
  for (const arm of round % 2 === 0 ? (['without', 'with'] as const) : (['with', 'without'] as const)) {
    found[arm] = await writesASecond(arm === 'with');
  }
  pairs.push(found);
}
const ratio = interval(pairs.length, (drawn) => {
  const of = (arm: 'with' | 'without'): number => drawn.reduce((sum, at) => sum + (pairs[at]?.[arm] ?? 0), 0);
  return of('with') / of('without');
});
const [withOne, without] = (['with', 'without'] as const).map((arm) => spread(pairs.map((pair) => pair[arm])).median);
console.log(JSON.stringify({ rounds, seconds, writesASecond: { without, with: withOne }, ratio: rounded(ratio, 3) }));

/** From the start of a keeper to its first move, behind so much WAL that the standby has. */
async function timeOfTick(megabytes: number): Promise<number> {
  const body = 1_000;
  await us.query('INSERT INTO event (body) SELECT repeat(md5(g::text), $1) FROM generate_series(1, $2) g', [
    Math.ceil(body / 32),
    Math.ceil((megabytes * MB) / (body + 130)),
  ]);
  await us.query('CHECKPOINT');
  await lab.caughtUp({ timeoutMs: 120_000 });
  const startedMs = performance.now();
  await using keeper = keep(600_000);
  await new Promise<void>((resolve) => keeper.on('advanced', () => resolve()));
  return performance.now() - startedMs;
}

/** The status is new after each tick. */
async function timeOfIdleTick(): Promise<number> {
  const startedMs = performance.now();
  await using keeper = keep(600_000);
  while (keeper.status().state === 'idle') await new Promise((resolve) => setImmediate(resolve));
  return performance.now() - startedMs;
}

async function writesASecond(isKept: boolean): Promise<number> {
  // The keeper pays for the writes of its own round alone.
  await timeOfTick(1);
  await using _keeper = isKept ? keep(1_000) : undefined;
  let written = 0;
  const endMs = performance.now() + seconds * 1_000;
  const write = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await router.write('INSERT INTO event (body) VALUES ($1)', ['a body of an ordinary event of an app']);
      written += 1;
    }
  };
  await Promise.all(Array.from({ length: WRITERS }, write));
  return Math.round(written / seconds);
}

function rounded<T extends object>(values: T, digits = 1): T {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, Number((value as number).toFixed(digits))]),
  ) as T;
}
