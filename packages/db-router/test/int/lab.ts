import { setTimeout as sleep } from 'node:timers/promises';
import { defineRegions, type FakeView } from '@regionkit/core';
import { createLab, type Lab } from '@regionkit/lab';
import type pg from 'pg';
import { expect, onTestFinished } from 'vitest';
import { createRegionRouter, type RegionRouter, type RegionRouterOptions, type RouterEvents } from '../../src/index.ts';

export type Name = 'us' | 'eu' | 'ap';
export const SECRET = 'a secret of the tests, long enough to be one';

/** Three regions, `us` the primary, with a table to write to. Ended with the suite. */
export async function startLab(
  options: { readonly monitor?: boolean; readonly regions?: readonly Name[] } = {},
): Promise<Lab<Name>> {
  const lab = await createLab<Name>({
    regions: options.regions ?? ['us', 'eu', 'ap'],
    monitor: options.monitor ?? true,
  });
  await lab.primary.query('CREATE TABLE note (id serial PRIMARY KEY, text text NOT NULL UNIQUE)');
  await lab.caughtUp();
  return lab;
}

/** The same, ended with the test. */
export async function labOfTest(options?: Parameters<typeof startLab>[0]): Promise<Lab<Name>> {
  const lab = await startLab(options);
  onTestFinished(() => lab.close());
  return lab;
}

export const regionsFrom = (self: Name, names: readonly Name[] = ['us', 'eu', 'ap']) =>
  defineRegions<Name, string>({
    self,
    all: Object.fromEntries(names.map((name) => [name, { origin: `https://${name}.example.com` }])) as never,
  });

export interface TestRouter extends RegionRouter<Name> {
  /** The pools it wraps, by region. */
  readonly wrapped: { readonly [Region in Name]?: pg.Pool };
  /** What was told so far, by event. */
  told<E extends keyof RouterEvents>(event: E): readonly RouterEvents[E][];
}

const TOLD: readonly (keyof RouterEvents)[] = [
  'primary',
  'primary-lost',
  'node',
  'fenced',
  'twin-primaries',
  'same-server',
  'epoch-regressed',
  'unconfirmed',
  'epoch',
  'suspended',
  'hold',
  'hold-ended',
  'retry',
  'outcome-unknown',
  'write-lost-suspected',
  'write-fate-unknown',
  'token-invalid',
  'token-elsewhere',
  'token-late',
  'leak',
  'stale-read',
  'replay-regressed',
  'position-unknown',
  'foreign-system',
  'epoch-reset',
  'store-failed',
];

/** A router of a process in `self`, which reaches the databases of `reach`. Closed with the test. */
export async function startRouter(
  lab: Lab<Name>,
  self: Name,
  options: Partial<RegionRouterOptions<Name>> & {
    readonly reach?: readonly Name[];
    readonly max?: number;
    readonly pool?: pg.PoolConfig;
  } = {},
): Promise<TestRouter> {
  const { reach = lab.regions.map(({ name }) => name), max = 5, pool, ...rest } = options;
  const wrapped = Object.fromEntries(reach.map((name) => [name, lab.region(name).pool({ from: self, max, ...pool })]));
  const router = createRegionRouter<Name>({
    regions: regionsFrom(
      self,
      lab.regions.map(({ name }) => name),
    ),
    pools: wrapped,
    writes: reach.some((name) => name !== self) ? 'remote-pool' : 'reject',
    token: { secret: SECRET },
    probe: { intervalMs: 1_000, alertIntervalMs: 50, timeoutMs: 1_000 },
    ...rest,
  });
  const heard = new Map<string, unknown[]>(TOLD.map((event) => [event, []]));
  for (const event of TOLD) router.on(event, (payload) => heard.get(event)?.push(payload));
  // The lab ends the pools: one from which a client was not given back would wait for it.
  onTestFinished(() => router.close());
  return Object.assign(router, {
    wrapped: wrapped as TestRouter['wrapped'],
    told: (event: keyof RouterEvents) => (heard.get(event) ?? []) as never,
  });
}

/** Asks until it is so. The test's own time limit ends it otherwise. */
export async function eventually(ask: () => unknown): Promise<void> {
  while (!(await ask())) await sleep(10);
}

/** Until reads run on the local standby, which is known to be fresh: asked earlier they wait, and may go elsewhere. */
export const readsLocally = (router: RegionRouter<Name>): Promise<void> =>
  eventually(() => router.explain('read').reason === 'local-replica');

/** Two processes that tell each other by documents, as health does. */
export function gossip(view: FakeView<Name>, from: RegionRouter<Name>): void {
  const { local } = from.topology();
  view.set(from.self, {
    // What it says no more is not merged into what it said.
    ...({ primary: undefined } as object),
    identified: true,
    observedAtMs: performance.now(),
    forks: local.forks,
    ...(local.highest !== undefined && { highest: local.highest }),
    ...(local.measured === true && { measured: true }),
    ...(local.measuredEpoch !== undefined && { measuredEpoch: local.measuredEpoch }),
    ...(local.role === 'primary' &&
      local.epoch !== undefined &&
      local.position !== undefined && {
        primary: { epoch: local.epoch, position: local.position },
      }),
  });
}

/** The texts of the notes that are LIKE this, in the order in which they were written. */
export async function textsLike(lab: Lab<Name>, like: string): Promise<readonly string[]> {
  const rows = await lab.primary.query<{ text: string }>('SELECT text FROM note WHERE text LIKE $1 ORDER BY id', [
    like,
  ]);
  return rows.map(({ text }) => text);
}

/** Nothing is out, and no backend is left in a transaction. */
export async function expectNoLeak(lab: Lab<Name>, router: TestRouter): Promise<void> {
  expect(router.stats().leased).toBe(0);
  expect(router.told('leak')).toEqual([]);
  expect(
    await lab.primary.query(
      "SELECT query FROM pg_stat_activity WHERE usename = 'app' AND state LIKE 'idle in transaction%'",
    ),
  ).toEqual([]);
}

export async function failureOf(promise: Promise<unknown>): Promise<Error & { code?: string; outcome?: string }> {
  return promise.then(
    () => {
      throw new Error('it did not fail');
    },
    (error: Error) => error,
  );
}

export { sleep };
