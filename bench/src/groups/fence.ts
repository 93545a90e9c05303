import { defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter } from '@regionkit/db-router';
import { createLab, type Lab } from '@regionkit/lab';
import type { Group } from '../group.ts';
import { quantile } from '../statistics.ts';
import { judge, type TrialResult } from '../trial.ts';

const REGIONS = ['us-east-1', 'eu-west-1'] as const;
type Name = (typeof REGIONS)[number];
/** How many writes a second the router is asked for. */
const RATES = [0, 10, 150, 1_500] as const;
const DRILLS = 5;
/** The router knows both nodes, and writes have flowed for a while. */
const FLOW_MS = 2_500;
const PATIENCE_MS = 15_000;
const TICK_MS = 10;
const BOUND_MS = 1_000;

interface Drill {
  readonly fenceMs: number;
  readonly lost: number;
  readonly writes: number;
}

/**
 * A standby is promoted while the old primary lives and answers, as by an HA manager whose agent hangs. How long does a
 * process that reaches both go on to write on the old one, and how many acknowledged writes does that cost?
 */
export const group: Group = {
  name: 'fence',
  run: async (tell) => {
    await using lab = await createLab({ regions: REGIONS, onProgress: () => {} });
    await lab.primary.query('create table fenced (id int primary key)');
    await lab.caughtUp();
    const drills = new Map<number, Drill[]>(RATES.map((rate) => [rate, []]));
    for (let at = 1; at <= DRILLS; at += 1) {
      for (const rate of RATES) {
        const made = await drill(lab, rate);
        drills.get(rate)?.push(made);
        tell(
          `drill ${at} of ${DRILLS}, ${rate} writes/s: fence after ${made.fenceMs.toFixed(0)} ms, ${made.lost} of ${made.writes} lost`,
        );
      }
    }
    return [summary(drills)];
  },
};

async function drill(lab: Lab<Name>, rate: number): Promise<Drill> {
  const old = lab.primary.name;
  const next = REGIONS.find((name) => name !== old) as Name;
  const router = openRouter(lab, old);
  let fencedAt = Number.POSITIVE_INFINITY;
  router.on('fenced', ({ node }) => {
    if (node.startsWith(old)) fencedAt = Math.min(fencedAt, performance.now());
  });
  await router.ready();
  await lab.primary.query('truncate fenced');
  const load = startLoad(router, rate);
  await pause(FLOW_MS + Math.random() * 1_000);
  await lab.region(next).promote({ follow: false });
  const promotedAt = performance.now();
  const until = promotedAt + PATIENCE_MS;
  while (!Number.isFinite(fencedAt) && performance.now() < until) await pause(TICK_MS);
  const acknowledged = await load.stop();
  await router.close({ pools: true });
  const rows = await lab.region(next).query<{ id: number }>('select id from fenced');
  const kept = new Set(rows.map(({ id }) => id));
  await lab.region(old).rejoin({ of: next });
  await lab.caughtUp();
  return {
    // It may be known before the promotion has returned here.
    fenceMs: Math.max(0, fencedAt - promotedAt),
    lost: acknowledged.filter((id) => !kept.has(id)).length,
    writes: acknowledged.length,
  };
}

function openRouter(lab: Lab<Name>, self: Name): RegionRouter<Name> {
  return createRegionRouter<Name>({
    regions: defineRegions({
      self,
      all: {
        'us-east-1': { origin: 'https://us.example.com' },
        'eu-west-1': { origin: 'https://eu.example.com' },
      },
    }),
    pools: {
      'us-east-1': lab.region('us-east-1').pool({ from: self, max: 20 }),
      'eu-west-1': lab.region('eu-west-1').pool({ from: self, max: 20 }),
    },
    writes: 'remote-pool',
    token: { secret: 'a secret of the bench, 32 bytes long' },
  });
}

/** Writes as often as it is told to, whether or not the ones before were answered. */
function startLoad(router: RegionRouter<Name>, rate: number): { stop(): Promise<readonly number[]> } {
  const acknowledged: number[] = [];
  const underWay = new Set<Promise<unknown>>();
  const beganAt = performance.now();
  let sent = 0;
  const send = (): void => {
    const due = Math.floor(((performance.now() - beganAt) / 1_000) * rate);
    for (; sent < due; sent += 1) {
      const id = sent;
      // In a scope, as a request is: only then is the position asked for behind the write.
      const write = router
        .run({}, () => router.write('insert into fenced values ($1)', [id]))
        .then(
          () => acknowledged.push(id),
          () => {},
        )
        .finally(() => underWay.delete(write));
      underWay.add(write);
    }
  };
  const timer = setInterval(send, TICK_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
      return acknowledged;
    },
  };
}

function summary(drills: ReadonlyMap<number, readonly Drill[]>): TrialResult {
  const nameOf = (rate: number): string => `${rate.toLocaleString('en-US')} writes a second`;
  const samples = new Map(
    [...drills].map(([rate, list]) => {
      const sorted = list.map(({ fenceMs }) => fenceMs).toSorted((a, b) => a - b);
      const p95Ms = quantile(sorted, 0.95);
      return [nameOf(rate), list.map(({ fenceMs, lost }) => ({ ms: fenceMs, p95Ms, lost }))] as const;
    }),
  );
  return judge(
    {
      title: 'from a promotion beside a living primary to the fence',
      baseline: nameOf(150),
      metrics: ['ms', 'p95Ms', 'lost'],
      bars: [10, 150, 1_500].map((rate) => ({
        contender: nameOf(rate),
        metric: 'ms',
        atMost: BOUND_MS,
        by: 'worst' as const,
      })),
      notes: [
        'Without writes no write can be lost, and the next regular probe finds the promotion (5 s). A write costs no extra query, because the query for its position also counts the standbys. A test holds this: "learns that a standby has let go from the very question that a write asks for its position".',
      ],
    },
    samples,
  );
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));
