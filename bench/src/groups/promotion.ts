import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createLab, type Lab } from '@regionkit/lab';
import pg from 'pg';
import postgres from 'postgres';
import type { Group } from '../group.ts';
import { besideALivePrimary } from '../promotion/alive.ts';
import { openHearing } from '../promotion/hearing.ts';
import type { Sample } from '../sample.ts';
import { quantile } from '../statistics.ts';
import { judge, type TrialResult } from '../trial.ts';

const REGIONS = ['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const;
type Name = (typeof REGIONS)[number];
const DRILLS = 20;
const HEARING_DRILLS = 5;
const ALIVE_DRILLS = 5;
const PACE_MS = 5;
/** How long the old primary is gone, and known to be, when the promotion is ordered. */
const GONE_MS = 1_500;
const INSERT = "insert into drill (who) values ('x')";

/** Tries to write until it has, and says when. `stop` ends it. */
interface Writer {
  readonly name: string;
  /** Called while the old primary is gone and known to be, before the promotion. */
  start(): { readonly done: Promise<number>; stop(): Promise<void> };
}

type Started = readonly { readonly name: string; readonly done: Promise<number> }[];

/** Those who are timed in one drill. */
interface Contest {
  /** Called when the old primary is dead; resolves when everybody knows, and waits. */
  start(): Promise<Started>;
  stop(): Promise<unknown>;
}

/**
 * Twenty times: the primary dies, every writer learns it, the standby next door is promoted, and each writer's first
 * acknowledged write is timed from the moment the promotion was ordered. Then a few times more, with only apps that
 * each reach the database of their own region alone.
 */
export const group: Group = {
  name: 'promotion',
  run: async (tell) => {
    await using lab = await createLab({ regions: REGIONS, onProgress: () => {} });
    await lab.primary.query('create table drill (id bigserial primary key, who text)');
    await lab.caughtUp();
    const writing: Times = new Map();
    for (let at = 1; at <= DRILLS; at += 1)
      tell(`drill ${at} of ${DRILLS}: ${await drill(lab, writing, (next) => writers(lab, next))}`);
    const hearing: Times = new Map();
    for (let at = 1; at <= HEARING_DRILLS; at += 1)
      tell(
        `hearing of it, drill ${at} of ${HEARING_DRILLS}: ${await drill(lab, hearing, (next) => hearers(lab, next))}`,
      );
    const alive: Sample[] = [];
    for (let at = 1; at <= ALIVE_DRILLS; at += 1) {
      const sample = await besideALivePrimary(lab, REGIONS);
      alive.push(sample);
      tell(`the old primary alive, drill ${at} of ${ALIVE_DRILLS}: ${sample['ms']?.toFixed(0)} ms`);
    }
    return [...summary(writing, hearing), ofAlive(alive)];
  },
};

/** By name, one a drill. */
type Times = Map<string, number[]>;

async function drill(lab: Lab<Name>, elapsedMs: Times, prepare: (next: Name) => Promise<Contest>): Promise<string> {
  const dead = lab.primary.name;
  const next = REGIONS.find((name) => name !== dead) as Name;
  const contest = await prepare(next);
  await lab.region(dead).kill();
  const started = await contest.start();
  const orderedAt = performance.now();
  const promotion = lab.failover({ to: next });
  await Promise.all(
    started.map(async ({ name, done }) => {
      const list = elapsedMs.get(name) ?? [];
      elapsedMs.set(name, list);
      list.push((await done) - orderedAt);
    }),
  );
  await promotion;
  await contest.stop();
  await lab.region(dead).rejoin();
  await lab.caughtUp();
  return [...elapsedMs].map(([name, ms]) => `${name} ${ms.at(-1)?.toFixed(0)} ms`).join(', ');
}

async function writers(lab: Lab<Name>, next: Name): Promise<Contest> {
  const all = await writersFor(lab, next);
  let started: readonly ({ readonly name: string } & ReturnType<Writer['start']>)[] = [];
  return {
    start: async () => {
      started = all.map((writer) => ({ name: writer.name, ...writer.start() }));
      await pause(GONE_MS);
      return started;
    },
    stop: () => Promise.all(started.map(({ stop }) => stop())),
  };
}

async function hearers(lab: Lab<Name>, next: Name): Promise<Contest> {
  const dead = lab.primary.name;
  const far = REGIONS.find((name) => name !== dead && name !== next) as Name;
  const hearing = await openHearing(lab, REGIONS, dead);
  return {
    start: async () => {
      await hearing.kill(dead);
      await hearing.gone();
      return [
        { name: NEAR, done: hearing.knows(next, next) },
        { name: FAR, done: hearing.knows(far, next) },
      ];
    },
    stop: hearing.close,
  };
}

async function writersFor(lab: Lab<Name>, next: Name): Promise<readonly Writer[]> {
  const pools = Object.fromEntries(
    REGIONS.map((name) => [name, lab.region(name).pool({ from: next, max: 4 })]),
  ) as Record<Name, pg.Pool>;
  const router = createRegionRouter({
    regions: defineRegions({
      self: next,
      all: {
        'us-east-1': { origin: 'https://us.example.com' },
        'eu-west-1': { origin: 'https://eu.example.com' },
        'ap-southeast-1': { origin: 'https://ap.example.com' },
      },
    }),
    pools,
    writes: 'remote-pool',
    hold: { timeoutMs: 30_000 },
    token: { secret: 'a secret of the bench, 32 bytes long' },
  });
  await router.ready();
  await router.write(INSERT);
  const bare = new pg.Client({ connectionString: lab.region(next).connectionString });
  bare.on('error', () => {});
  await bare.connect();
  const strings = REGIONS.map((name) => lab.region(name).connectionStringFrom(next));
  const hosts = strings.map((text) => new URL(text));
  const { username, password, pathname } = hosts[0] as URL;
  const sql = postgres({
    host: hosts.map(({ hostname }) => hostname) as unknown as string,
    port: hosts.map(({ port }) => Number(port)) as unknown as number,
    username,
    password,
    database: pathname.slice(1),
    target_session_attrs: 'read-write',
    max: 1,
    backoff: () => PACE_MS / 1_000,
    onnotice: () => {},
  });
  return [
    {
      name: BARE,
      start: () =>
        attempts(
          () => bare.query(INSERT),
          () => bare.end(),
        ),
    },
    {
      name: OWN,
      start: () =>
        attempts(
          () => router.write(INSERT),
          () => router.close({ pools: true }),
        ),
    },
    {
      name: 'postgres.js, read-write of three hosts',
      start: () =>
        attempts(
          () => sql.unsafe(INSERT),
          () => sql.end({ timeout: 1 }),
        ),
    },
    {
      name: 'reconnecting to each of three hosts',
      start: () =>
        attempts(
          () => firstThatWrites(strings),
          async () => {},
        ),
    },
  ];
}

/** What libpq does with several hosts: a new connection to each in turn, until one takes writes. */
async function firstThatWrites(strings: readonly string[]): Promise<void> {
  for (const connectionString of strings) {
    const client = new pg.Client({ connectionString, connectionTimeoutMillis: 1_000 });
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query('show transaction_read_only');
      if (rows[0]?.transaction_read_only === 'on') continue;
      await client.query(INSERT);
      return;
    } catch {
      // The next one.
    } finally {
      await client.end().catch(() => {});
    }
  }
  throw new Error('no host takes writes');
}

function attempts(write: () => PromiseLike<unknown>, close: () => PromiseLike<unknown>): ReturnType<Writer['start']> {
  let running = true;
  const done = (async () => {
    while (running) {
      try {
        await write();
        return performance.now();
      } catch {
        await pause(PACE_MS);
      }
    }
    return Number.NaN;
  })();
  return {
    done,
    stop: async () => {
      running = false;
      await close();
    },
  };
}

const OWN = 'regionkit write, held';
/** How often the others are asked while no primary is known, by default. */
const POLL_MS = 250;
const NEAR = 'regionkit in the region promoted';
const FAR = 'regionkit in the third region';
const BARE = 'bare loop on one open connection';

function summary(writing: Times, hearing: Times): TrialResult[] {
  const perDrill = (elapsedMs: Times) =>
    new Map([...elapsedMs].map(([name, all]) => [name, all.map((ms) => ({ ms }))] as const));
  const p95 = [...writing].map(([name, all]) => {
    const sorted = all.toSorted((a, b) => a - b);
    return [name, [{ p95Ms: quantile(sorted, 0.95) }]] as const;
  });
  return [
    judge(
      {
        title: 'from the promotion to the first acknowledged write',
        baseline: BARE,
        metrics: ['ms'],
        bars: [
          { contender: OWN, against: BARE, metric: 'ms', atMost: 1.3, by: 'paired' },
          { contender: OWN, against: BARE, metric: 'ms', atMost: 1.3, by: 'low tenth' },
        ],
        notes: [
          `The old primary was killed ${GONE_MS.toLocaleString('en-US')} ms before. All writers wait at the same time, and try every ${PACE_MS} ms; regionkit holds its write without a loop in the app.`,
        ],
      },
      perDrill(writing),
    ),
    judge(
      {
        title: `the same, 95th percentile of ${DRILLS} drills`,
        baseline: BARE,
        metrics: ['p95Ms'],
        bars: [{ contender: OWN, metric: 'p95Ms', atMost: 250 }],
      },
      new Map(p95),
    ),
    judge(
      {
        title: 'from the promotion to knowing the primary, each region reaching its own database alone',
        baseline: NEAR,
        metrics: ['ms'],
        bars: [{ contender: FAR, over: NEAR, metric: 'ms', atMost: POLL_MS, by: 'worst' }],
        notes: [
          `A write is held in both regions. The third region knows only what the others report. It asks them every ${POLL_MS} ms meanwhile.`,
        ],
      },
      perDrill(hearing),
    ),
  ];
}

function ofAlive(samples: readonly Sample[]): TrialResult {
  const name = 'regionkit write';
  return judge(
    {
      title: 'from the promotion to the first write on the new primary, the old one alive and answering',
      baseline: name,
      metrics: ['ms', 'readyMs'],
      bars: [{ contender: name, metric: 'ms', atMost: 1_000, by: 'paired' }],
      notes: [
        'A router that reaches both writes every 5 ms. `readyMs` is when the new primary takes the first write of a bare loop. Writes to the old primary do not count.',
      ],
    },
    new Map([[name, samples]]),
  );
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
