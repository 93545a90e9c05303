import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter } from '@regionkit/db-router';
import { createLab, type Lab } from '@regionkit/lab';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createHealth, type Health } from '../src/index.ts';
import { IMPATIENT } from './helpers/fixtures.ts';

type Name = 'us' | 'eu' | 'ap';
const NAMES: readonly Name[] = ['us', 'eu', 'ap'];

/** An app in one region that reaches the database of its own region and no other. */
interface App {
  readonly name: Name;
  readonly origin: string;
  readonly health: Health<Name>;
  readonly router: RegionRouter<Name>;
  /** What `/health`, `/health/read` and `/health/write` answer. */
  answers(): Promise<readonly number[]>;
}

let lab: Lab<Name>;
beforeAll(async () => {
  lab = await createLab<Name>({ regions: NAMES, monitor: true });
  await lab.primary.query('CREATE TABLE note (text text NOT NULL)');
  await lab.caughtUp();
});
afterAll(() => lab.close());

async function startApps(): Promise<Record<Name, App>> {
  const servers = NAMES.map(() => http.createServer());
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))));
  const all = Object.fromEntries(
    NAMES.map((name, at) => [
      name,
      { origin: `http://127.0.0.1:${((servers[at] as http.Server).address() as AddressInfo).port}` },
    ]),
  ) as Record<Name, { origin: string }>;
  const apps = {} as Record<Name, App>;
  for (const [at, name] of NAMES.entries()) {
    const { origin } = all[name];
    const regions = defineRegions<Name, string>({ self: name, all, development: true });
    const health = createHealth({
      regions,
      ...IMPATIENT,
    });
    const router = createRegionRouter({
      regions,
      pools: { [name]: lab.region(name).pool({ max: 3 }) },
      writes: 'forward',
      view: health.view,
      maxLagMs: 1_500,
      probe: { intervalMs: 200, alertIntervalMs: 50, timeoutMs: 1_000 },
    });
    health.follow(router);
    const server = servers[at] as http.Server;
    server.on(
      'request',
      health.node(((_request: unknown, response: http.ServerResponse) => response.end('app')) as never) as never,
    );
    onTestFinished(async () => {
      await router.close();
      await health.close();
      server.close();
      server.closeAllConnections();
    });
    apps[name] = {
      name,
      origin,
      health,
      router,
      answers: () =>
        Promise.all(
          ['/health', '/health/read', '/health/write'].map(async (path) => (await fetch(`${origin}${path}`)).status),
        ),
    };
  }
  return apps;
}

const WAIT = { timeout: 60_000, interval: 25 };
const IN = [200, 200, 200];
const READS_ONLY = [200, 200, 503];
const OUT = [503, 503, 503];

test('apps that reach only their local database: the primary dies, reads stay in, a promotion restores writes, the zombie gets nothing', async () => {
  const apps = await startApps();
  for (const name of NAMES) await expect.poll(() => apps[name].answers(), WAIT).toEqual(IN);
  expect(apps.eu.router.explain('write')).toMatchObject({ action: 'forward', region: 'us' });
  expect(apps.ap.health.view.get('us')?.primary?.epoch.owner).toBe('us/0');

  // The primary's region loses its database; the others can still read, and say so.
  await lab.region('us').kill();
  await expect.poll(() => apps.us.answers(), WAIT).toEqual([503, 503, 503]);
  for (const name of ['eu', 'ap'] as const) {
    await expect.poll(() => apps[name].answers(), WAIT).toEqual(READS_ONLY);
    expect(apps[name].health.verdict()).toMatchObject({ reads: 'pass', writes: 'fail', accept: 'yes', status: 'warn' });
  }

  // Nobody tells the app in ap but the document of eu.
  await lab.failover({ to: 'eu' });
  for (const name of ['eu', 'ap'] as const) await expect.poll(() => apps[name].answers(), WAIT).toEqual(IN);
  expect(apps.eu.router.explain('write')).toMatchObject({ action: 'run', region: 'eu' });
  expect(apps.ap.router.explain('write')).toMatchObject({ action: 'forward', region: 'eu' });
  const primary = apps.ap.health.view.get('eu')?.primary;
  expect(primary?.epoch.owner).toBe('eu/0');

  // The old primary comes back and believes it is one: its region reports neither reads nor writes of its own.
  await lab.region('us').returnAsIs();
  await expect.poll(() => apps.us.health.view.get('us')?.highest?.timeline, WAIT).toBe(primary?.epoch.timeline);
  await expect.poll(() => apps.us.router.explain('read').action, WAIT).not.toBe('run');
  expect(apps.us.health.view.get('us')?.primary).toBeUndefined();
  expect((await apps.us.answers()).slice(0, 2)).toEqual(OUT.slice(0, 2));
  await expect.poll(() => apps.us.health.verdict().writes, WAIT).toBe('pass');
  expect(apps.us.router.explain('write')).toMatchObject({ action: 'forward', region: 'eu' });

  await lab.region('us').rejoin();
  await expect.poll(() => apps.us.answers(), WAIT).toEqual(IN);
});

test('a replica that lags past its limit leaves the reads, and comes back', async () => {
  const primary = lab.primary.name;
  const writing = setInterval(() => void lab.primary.query(`INSERT INTO note VALUES ('x')`).catch(() => {}), 50);
  onTestFinished(() => clearInterval(writing));
  const apps = await startApps();
  for (const name of NAMES) await expect.poll(() => apps[name].answers(), WAIT).toEqual(IN);
  const lagging = NAMES.find((name) => name !== primary) as Name;
  await lab.region(lagging).pauseReplay();
  await expect.poll(() => apps[lagging].answers(), WAIT).toEqual([503, 503, 200]);
  expect(await apps[primary].answers()).toEqual(IN);
  await lab.region(lagging).resumeReplay();
  await expect.poll(() => apps[lagging].answers(), WAIT).toEqual(IN);
});
