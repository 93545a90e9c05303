import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineRegions } from '@regionkit/core';
import { expect, onTestFinished, test } from 'vitest';
import { checks, createHealth, type Health } from '../src/index.ts';
import { SECRET } from './helpers/fixtures.ts';

type Name = 'a' | 'b';
const WAIT = { timeout: 60_000, interval: 20 };

/** Two regions under load whose requests wait for a dependency of `delayMs`, and no longer than it takes. */
async function start() {
  const delayMs: Record<Name, number> = { a: 1, b: 1 };
  const failed: string[] = [];
  const servers = { a: http.createServer(), b: http.createServer() };
  const all = {} as Record<Name, { origin: string }>;
  for (const name of ['a', 'b'] as const) {
    await new Promise<void>((resolve) => servers[name].listen(0, '127.0.0.1', resolve));
    all[name] = { origin: `http://127.0.0.1:${(servers[name].address() as AddressInfo).port}` };
  }
  const healths = {} as Record<Name, Health<Name>>;
  for (const name of ['a', 'b'] as const) {
    const health = createHealth<Name>({
      regions: defineRegions<Name, string>({ self: name, all, development: true }),
      peers: { secret: SECRET, intervalMs: 100, urgentIntervalMs: 50, timeoutMs: 400, unknownAfterMs: 2_000 },
      defaults: { intervalMs: 50, failAfter: 2, passAfter: 3 },
    });
    health.check('p99', checks.latency({ warnMs: 200, failMs: 400, minSamples: 20, windowMs: 300, pauseMs: 1_000 }), {
      scope: 'relative',
    });
    const handler = (_request: http.IncomingMessage, response: http.ServerResponse): void => {
      setTimeout(() => response.end('orders'), delayMs[name]);
    };
    servers[name].on('request', health.node(handler as never) as never);
    const agent = new http.Agent({ keepAlive: true });
    const load = setInterval(() => {
      http
        .get(`${all[name].origin}/orders`, { agent }, (response) => {
          if (response.statusCode !== 200) failed.push(`${name} ${response.statusCode}`);
          response.resume();
        })
        .on('error', (error) => failed.push(`${name} ${error.message}`));
    }, 5);
    onTestFinished(async () => {
      clearInterval(load);
      await health.close();
      servers[name].close();
      servers[name].closeAllConnections();
      agent.destroy();
    });
    healths[name] = health;
  }
  const status = async (name: Name): Promise<number> => (await fetch(`${all[name].origin}/health`)).status;
  return { delayMs, failed, healths, status };
}

test('a slow dependency takes its region out before a request fails, and the region comes back when it is well', async () => {
  const { delayMs, failed, healths, status } = await start();
  await expect.poll(() => healths.a.view.get('b')?.accept, WAIT).toBe('yes');
  expect([await status('a'), await status('b')]).toEqual([200, 200]);
  delayMs.a = 600;
  await expect.poll(() => status('a'), WAIT).toBe(503);
  expect(failed).toEqual([]);
  expect(await status('b')).toBe(200);
  await expect.poll(() => healths.b.view.get('a')?.accept, WAIT).toBe('no');
  delayMs.a = 1;
  await expect.poll(() => status('a'), WAIT).toBe(200);
  expect(failed).toEqual([]);
});

test('when both regions are slow, one at most is out at any moment', async () => {
  const { delayMs, healths } = await start();
  await expect.poll(() => healths.a.view.get('b')?.accept, WAIT).toBe('yes');
  let both = 0;
  const look = (): void => {
    if (healths.a.verdict().accept === 'no' && healths.b.verdict().accept === 'no') both += 1;
  };
  healths.a.on('change', look);
  healths.b.on('change', look);
  delayMs.a = 600;
  delayMs.b = 600;
  await expect
    .poll(() => [healths.a, healths.b].map((health) => health.verdict().failing.join()), WAIT)
    .toEqual(['p99', 'p99']);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(both).toBe(0);
  expect([healths.a, healths.b].some((health) => health.verdict().accept === 'yes')).toBe(true);
});
