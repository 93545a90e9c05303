import type { RequestListener } from 'node:http';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createHealth } from '@regionkit/health';
import { expect, it, onTestFinished } from 'vitest';
import { webServer } from '../doctor/front/web-server.ts';
import { createSetup } from './lab-setup.ts';

const TOKEN = 'a-token-of-health-for-operators';

it('regionkit failover with two regions and an app: the app is the third vantage, and it is seen to follow', async () => {
  await using setup = await createSetup();
  const { lab } = setup;
  let handler: RequestListener = (_request, response) => void response.writeHead(503).end();
  const origin = await webServer((request, response) => handler(request, response));
  const regions = defineRegions({
    self: 'eu',
    all: { us: { origin: 'http://127.0.0.1:1' }, eu: { origin } },
    development: true,
  });
  const pools = { us: lab.region('us').pool({ from: 'eu' }), eu: lab.region('eu').pool() };
  const router = createRegionRouter({ regions, pools, writes: 'remote-pool', coldStart: 'trust' });
  onTestFinished(() => router.close());
  const peers = { secret: 'x'.repeat(32), intervalMs: 100, urgentIntervalMs: 50 };
  const health = createHealth({
    regions,
    token: TOKEN,
    peers,
    defaults: { intervalMs: 100 },
  });
  onTestFinished(() => health.close());
  health.follow(router);
  handler = health.node((_request, response) => void response.writeHead(404).end());
  await router.ready();

  const databases = (name: 'us' | 'eu'): string[] => {
    const url = new URL(lab.region(name).connectionString);
    url.username = 'ops';
    url.password = 'ops';
    return [url.href];
  };
  await setup.configure({
    healthToken: TOKEN,
    regions: { us: { databases: databases('us') }, eu: { databases: databases('eu'), origin } },
  });
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
