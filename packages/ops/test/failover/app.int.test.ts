import type { RequestListener } from 'node:http';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createHealth } from '@regionkit/health';
import { expect, it, onTestFinished } from 'vitest';
import { webServer } from '../doctor/front/web-server.ts';
import { createSetup } from './lab-setup.ts';

type Name = 'us' | 'eu';
const TOKEN = 'a-token-of-health-for-operators';

it('regionkit failover with two regions and an app: the app is the third vantage, and it is seen to follow', async () => {
  await using setup = await createSetup();
  const { lab } = setup;
  const handlers: Partial<Record<Name, RequestListener>> = {};
  const serve = (name: Name): Promise<string> =>
    webServer((request, response) =>
      handlers[name] === undefined ? response.writeHead(503).end() : handlers[name](request, response),
    );
  const origins = { us: await serve('us'), eu: await serve('eu') };
  for (const self of ['us', 'eu'] as const) {
    const all = { us: { origin: origins.us }, eu: { origin: origins.eu } };
    const regions = defineRegions({ self, all, development: true });
    const pools = { us: lab.region('us').pool({ from: self }), eu: lab.region('eu').pool({ from: self }) };
    const router = createRegionRouter({ regions, pools, writes: 'remote-pool', coldStart: 'trust' });
    onTestFinished(() => router.close());
    const peers = { secret: 'x'.repeat(32), intervalMs: 100, urgentIntervalMs: 50 };
    const health = createHealth({ regions, token: TOKEN, peers, defaults: { intervalMs: 100 } });
    onTestFinished(() => health.close());
    health.follow(router);
    handlers[self] = health.node((_request, response) => void response.writeHead(404).end());
    await router.ready();
  }

  const databases = (name: Name): string[] => {
    const url = new URL(lab.region(name).connectionString);
    url.username = 'ops';
    url.password = 'ops';
    return [url.href];
  };
  const configure = (us: string): Promise<unknown> =>
    setup.configure({
      healthToken: TOKEN,
      regions: {
        us: { databases: databases('us'), origin: us },
        eu: { databases: databases('eu'), origin: origins.eu },
      },
    });
  await configure(origins.us);
  const plan = (): ReturnType<typeof setup.ops> =>
    setup.ops('failover', 'plan', '--from', 'us', '--accept-loss', 'unknown');
  const sights = async (): Promise<string> => JSON.stringify((await plan()).records);
  expect(await sights()).toMatch(/app of eu/);
  await lab.region('us').query('CREATE TABLE last (x int)');
  await lab.caughtUp();
  await lab.region('us').kill();
  await expect.poll(async () => (await plan()).exit, { timeout: 60_000, interval: 200 }).toBe(0);

  // The outage lasts longer than what may be lost, and does not count.
  const loss = async (): Promise<{ readonly lost: number; readonly gone: number }> => {
    const ran = await setup.ops('failover', 'plan', '--from', 'us', '--accept-loss', '0s');
    const [, lost, gone] = /its last commit was ([\d.]+) s before the apps .*? ([\d.]+) s ago/.exec(ran.stdout) ?? [];
    return { lost: Number(lost), gone: Number(gone) };
  };
  await expect.poll(async () => (await loss()).gone, { timeout: 60_000, interval: 200 }).toBeGreaterThan(4);
  // The clock in an answer has no parts of a second.
  const accepted = Math.ceil((await loss()).lost) + 2;
  await expect.poll(async () => (await loss()).gone, { timeout: 120_000, interval: 200 }).toBeGreaterThan(accepted);
  // A region that does not answer may only be cut off, and its app may write to the old primary still.
  await configure('http://127.0.0.1:1');
  const cutOff = await setup.ops('failover', 'plan', '--from', 'us', '--accept-loss', `${accepted}s`);
  expect(cutOff.exit, cutOff.stdout).toBe(4);
  expect(cutOff.stdout).toMatch(/loss-not-accepted/);
  await configure(origins.us);
  const ran = await setup.ops(
    'failover',
    'run',
    '--from',
    'us',
    '--accept-loss',
    `${accepted}s`,
    '--stable',
    '1s',
    '--execute',
  );
  expect(ran.exit, ran.stdout).toBe(0);
  const apps = ran.records.flatMap((record) =>
    record.type === 'step' && record.name === 'apps' && record.state === 'done' ? [record.evidence] : [],
  );
  expect(apps).toEqual(['eu reports the primary in eu']);
  expect(ran.stdout).not.toContain(TOKEN);
});
