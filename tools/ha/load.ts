import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter, outcomeOf, type RouterTopology } from '@regionkit/db-router';
import { createTailKeeper, type TailKeeper } from '@regionkit/db-router/tail';
import pg from 'pg';
import type { Cluster } from './cluster.ts';
import { until } from './programs.ts';
import type { Missed, Told, Write } from './verdict.ts';

const WRITERS = 4;
const PAUSE_MS = 20;
const DRAIN_MS = 500;

/** An app's writes and reads through a router, over a cluster, with what became of each. */
export interface Load extends AsyncDisposable {
  readonly writes: readonly Write[];
  readonly missed: readonly Missed[];
  /** What the router said of who is primary. */
  readonly told: readonly Told[];
  /** What the router thinks, now. */
  topology(): RouterTopology;
  /** A read of a client that asks for nothing in particular. */
  read(): Promise<unknown>;
  /** An operator's word that the older timeline, to which the cluster was taken back, is right. */
  resetEpoch(): void;
  /** Holds new writes, and resolves when none is under way. @throws if one still is */
  pauseWrites(): Promise<void>;
  /** Keeps the tail. `standbys`: by which name each node streams. */
  keepTail(standbys: Readonly<Record<string, string>>): TailKeeper;
  /** Whether a write that was sent after `ms` has been acknowledged. */
  wroteSince(ms: number): boolean;
  /** Ends the clients. */
  stop(): Promise<void>;
}

export async function startLoad(cluster: Cluster): Promise<Load> {
  const names = Object.keys(cluster.pools);
  const regions = defineRegions({
    self: names[0],
    all: Object.fromEntries(names.map((name) => [name, { origin: `http://${name}.localhost` }])),
    development: true,
  });
  const pools = Object.fromEntries(
    Object.entries(cluster.pools).map(([name, urls]) => [
      name,
      urls.map((connectionString) => new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 2_000 })),
    ]),
  );
  const router = createRegionRouter({
    regions,
    pools,
    writes: names.length > 1 ? 'remote-pool' : 'reject',
    token: { secret: 'a secret of the drill, 32 bytes or more' },
  });
  const told: Told[] = [];
  const tell = (event: Told['event'], timeline: number): void =>
    void told.push({ atMs: performance.now(), event, timeline });
  router.on('primary', ({ epoch }) => tell('primary', epoch.timeline));
  router.on('twin-primaries', ({ timeline }) => tell('twin-primaries', timeline));
  router.on('epoch-regressed', ({ to }) => tell('epoch-regressed', to.timeline));
  await router.ready();
  await router.write('create table written (ref uuid not null, n int not null)');

  const writes: Write[] = [];
  const missed: Missed[] = [];
  let running = true;
  const writer = async (): Promise<void> => {
    for (let n = 0; running; n += 1) {
      const ref = randomUUID();
      const sentMs = performance.now();
      const token = await router
        .run({}, async () => {
          await router.write('insert into written values ($1, $2)', [ref, n]);
          writes.push({ ref, sentMs, endedMs: performance.now(), outcome: 'acknowledged' });
          return router.token();
        })
        .catch((error: unknown) => {
          const { code } = error as { code?: string };
          writes.push({ ref, sentMs, endedMs: performance.now(), outcome: outcomeOf(error) ?? 'none', code });
          return undefined;
        });
      if (token !== undefined) await look(ref, token);
      await sleep(PAUSE_MS);
    }
  };
  const look = (ref: string, token: string): Promise<void> =>
    router
      .run({ token, access: 'read' }, () => router.read('select from written where ref = $1', [ref]))
      .then(
        ({ rowCount }) => void (rowCount === 0 && missed.push({ ref, atMs: performance.now() })),
        () => {}, // refused: it has not missed anything
      );
  const writers = Array.from({ length: WRITERS }, writer);
  const stop = async (): Promise<void> => {
    running = false;
    await Promise.all(writers);
  };
  return {
    writes,
    missed,
    told,
    topology: () => router.topology(),
    read: () => router.run({ access: 'read' }, () => router.read('select from written limit 1')),
    resetEpoch: () => router.resetEpoch('the manager took the cluster back'),
    pauseWrites: async () => {
      // The other regions have no process that could answer.
      const { underWay } = await router.pauseWrites({ timeoutMs: 60_000, drainTimeoutMs: DRAIN_MS });
      if (underWay > 0) throw new Error(`${underWay} writes are still under way in a pause`);
    },
    keepTail: (standbys) => createTailKeeper(router, { standbys, intervalMs: 500 }),
    wroteSince: (ms) => writes.some(({ outcome, sentMs }) => outcome === 'acknowledged' && sentMs > ms),
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      await router.close({ pools: true });
    },
  };
}

/** How often each row is there, on the primary that the manager names, past the router. */
export async function countRows(cluster: Cluster): Promise<ReadonlyMap<string, number>> {
  const primary = await until('the manager names a primary', () => cluster.leader());
  const client = new pg.Client({ connectionString: primary.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ ref: string; copies: number }>(
      'select ref, count(*)::int as copies from written group by ref',
    );
    return new Map(rows.map(({ ref, copies }) => [ref, copies]));
  } finally {
    await client.end();
  }
}
