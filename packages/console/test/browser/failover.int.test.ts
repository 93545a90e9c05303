import http from 'node:http';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createHealth } from '@regionkit/health';
import { createOperatorDoor } from '@regionkit/health/operator';
import { createLab } from '@regionkit/lab';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findChromium, launch } from '../../../../tools/chromium.ts';
import { createConsole } from '../../src/index.ts';
import { closeServer, listen, NAMES, type Name, TOKEN } from '../helpers/doors.ts';

const browser = findChromium();
if ('missing' in browser) console.warn(`The browser tests are skipped: ${browser.missing}`);

const WAIT = { timeout: 60_000 };
const SECRET = 'a secret of the tests, long enough to be one';

async function startServer(): Promise<{ server: http.Server; origin: string }> {
  const server = http.createServer();
  const origin = `http://127.0.0.1:${await listen(server)}`;
  onTestFinished(() => closeServer(server));
  return { server, origin };
}

describe.skipIf('missing' in browser)('a failover of real databases', () => {
  test('is read off the page: the loss, the new primary, and the old one fenced', async () => {
    if ('missing' in browser) return;
    const lab = await createLab<Name>({ regions: NAMES });
    onTestFinished(() => lab.close());
    await lab.primary.query('CREATE TABLE note (id serial)');
    await lab.caughtUp();

    const servers = Object.fromEntries(
      await Promise.all(NAMES.map(async (name) => [name, await startServer()] as const)),
    ) as Record<Name, Awaited<ReturnType<typeof startServer>>>;
    const mapFor = (self: Name) =>
      defineRegions<Name, string>({
        self,
        all: {
          'us-east-1': { origin: servers['us-east-1'].origin },
          'eu-west-1': { origin: servers['eu-west-1'].origin },
          'ap-southeast-1': { origin: servers['ap-southeast-1'].origin },
        },
        development: true,
      });
    const routers = NAMES.map((self) => {
      const regions = mapFor(self);
      const pool = (name: Name) => lab.region(name).pool({ from: self });
      const health = createHealth({ regions, peers: { secret: SECRET, intervalMs: 500, urgentIntervalMs: 100 } });
      const router = createRegionRouter({
        regions,
        pools: {
          'us-east-1': pool('us-east-1'),
          'eu-west-1': pool('eu-west-1'),
          'ap-southeast-1': pool('ap-southeast-1'),
        },
        writes: 'remote-pool',
        token: { secret: SECRET },
        view: health.view,
      });
      health.follow(router);
      const door = createOperatorDoor({
        regions,
        token: TOKEN,
        router,
        health,
        logger: { info: () => {}, warn: () => {}, error: () => {} },
      });
      const behind = door.node((_q, s) => void s.writeHead(404).end()) as http.RequestListener;
      servers[self].server.on('request', health.node(behind as never) as http.RequestListener);
      onTestFinished(async () => {
        door.close();
        await health.close();
        await router.close({ pools: true });
      });
      return router;
    });
    await Promise.all(routers.map((router) => router.ready()));

    const console_ = createConsole({ regions: mapFor('us-east-1'), token: TOKEN });
    const { server, origin } = await startServer();
    server.on('request', console_.node((_q, s) => void s.writeHead(404).end()) as http.RequestListener);
    onTestFinished(() => console_.close());
    const { context, close } = await launch(browser.path);
    onTestFinished(close);
    const page = await context.newPage();
    await page.goto(`${origin}/console`);
    await page.fill('#token', TOKEN);
    await page.keyboard.press('Enter');
    const isPrimary = (name: Name) => `#nodes tr[data-key="${name}/0"] .mark[data-level="primary"]`;
    await page.waitForSelector(isPrimary('us-east-1'), WAIT);
    const says = (): Promise<string | null> => page.textContent('#says');
    await expect.poll(says, WAIT).toBe('us-east-1 takes writes; eu-west-1 and ap-southeast-1 are up to date.');
    await expect.poll(() => page.locator('#verdicts .mark[data-level="good"]').count(), WAIT).toBe(15);

    const writing = setInterval(() => {
      for (const router of routers) router.write('INSERT INTO note DEFAULT VALUES').catch(() => {});
    }, 50);
    onTestFinished(() => clearInterval(writing));
    const killedAt = performance.now();
    await lab.region('us-east-1').kill();
    const killMs = performance.now() - killedAt;
    const promoted = lab.failover({ to: 'eu-west-1' }).then(() => performance.now() - killedAt);
    await page.waitForSelector(isPrimary('eu-west-1'), WAIT);
    const seenMs = performance.now() - killedAt;
    const ms = [seenMs, killMs, await promoted].map(Math.round);
    console.info(
      `kill to the new primary on the page: ${ms[0]} ms (killed after ${ms[1]} ms, promoted after ${ms[2]} ms)`,
    );

    await expect.poll(says, WAIT).toMatch(/^eu-west-1 takes writes/);
    await lab.region('us-east-1').returnAsIs();
    await page.waitForSelector('#nodes tr[data-key="us-east-1/0"] .mark[data-level="bad"]', WAIT);
    await expect.poll(says, WAIT).toMatch(/^eu-west-1 takes writes; .*us-east-1 is fenced/);
    clearInterval(writing);
    const events = await page.textContent('#events');
    expect(events).toContain('eu-west-1 takes writes, timeline 2');
    const held = await page.locator('#events tr', { hasText: 'hold-ended' }).count();
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(5);
  });
});
