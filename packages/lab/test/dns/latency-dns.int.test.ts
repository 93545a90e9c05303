import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createLatencyDns, type LatencyDns, type LatencyDnsOptions } from '../../src/index.ts';
import { eventually, runFixture } from '../support.ts';

const REGIONS = ['us', 'eu', 'ap'] as const;
type Name = (typeof REGIONS)[number];

/** Three endpoints that answer what they are told to, and a DNS a hundred times quicker than the real one. */
async function setUp(options: Partial<LatencyDnsOptions<Name>> = {}) {
  const status: Record<Name, number> = { us: 200, eu: 200, ap: 200 };
  const servers = await Promise.all(
    REGIONS.map(async (name) => {
      const server = http.createServer((_request, response) => response.writeHead(status[name]).end());
      onTestFinished(() => void server.close());
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return [name, `http://127.0.0.1:${(server.address() as AddressInfo).port}/health`] as const;
    }),
  );
  const dns = createLatencyDns<Name>({
    endpoints: Object.fromEntries(servers) as Record<Name, string>,
    roundTripMs: { us: { eu: 75, ap: 220 }, eu: { ap: 175 } },
    intervalMs: 10_000,
    speed: 100,
    ...options,
  });
  onTestFinished(() => dns.close());
  return { dns, status };
}

const turned = (dns: LatencyDns<Name>, region: Name, healthy: boolean): Promise<void> =>
  eventually(() => dns.status(region).healthy === healthy);

test('clients are led to the nearest region, past an unhealthy one, and back', async () => {
  const { dns, status } = await setUp({ ttlMs: 0 });
  const client = dns.resolver('ap');
  expect([client.resolve(), dns.answer('us'), dns.answer('eu')]).toEqual(['ap', 'us', 'eu']);
  status.ap = 503;
  await turned(dns, 'ap', false);
  expect(client.resolve()).toBe('eu');
  status.ap = 200;
  await turned(dns, 'ap', true);
  expect(client.resolve()).toBe('ap');
});

test('when all are unhealthy, answers are as if all were healthy', async () => {
  const { dns, status } = await setUp();
  Object.assign(status, { us: 500, eu: 404, ap: 503 });
  for (const region of REGIONS) await turned(dns, region, false);
  expect(REGIONS.map((place) => dns.answer(place))).toEqual([...REGIONS]);
  status.ap = 200;
  await turned(dns, 'ap', true);
  expect(REGIONS.map((place) => dns.answer(place))).toEqual(['ap', 'ap', 'ap']);
});

test('a client that has an answer keeps to it, and one that has none gets the new one', async () => {
  const { dns, status } = await setUp({ ttlMs: 86_400_000 });
  const asked: string[] = [];
  dns.on('answer', ({ place, region }) => asked.push(`${place}: ${region}`));
  const [early, late] = [dns.resolver('us'), dns.resolver('us')];
  const since = performance.now();
  expect(early.resolve()).toBe('us');
  status.us = 503;
  await turned(dns, 'us', false);
  expect([early.resolve(), late.resolve(), early.resolve(), late.resolve()]).toEqual(['us', 'eu', 'us', 'eu']);
  expect(asked).toEqual(['us: us', 'us: eu']);
  expect(dns.failoverTimes('eu', since)).toBeUndefined();
  const { appMs, checkersMs, cachesMs, totalMs } = dns.failoverTimes('us', since) ?? {};
  expect(cachesMs).toBeGreaterThan(0);
  expect((appMs ?? 0) + (checkersMs ?? 0) + (cachesMs ?? 0)).toBeCloseTo(totalMs ?? Number.NaN);
});

test('the verdict follows the looks as they are told, checker by checker', async () => {
  const { dns, status } = await setUp();
  const believes = Array.from({ length: 16 }, () => ({ healthy: true, against: 0 }));
  const expected: boolean[] = [];
  const told: boolean[] = [];
  let healthy = true;
  dns.on('health-check', ({ region, checker, passed }) => {
    const each = believes[checker];
    if (region !== 'us' || each === undefined) return;
    each.against = passed === each.healthy ? 0 : each.against + 1;
    if (each.against === 3) Object.assign(each, { healthy: passed, against: 0 });
    const now = believes.filter((checker) => checker.healthy).length >= 3;
    if (now !== healthy) expected.push(now);
    healthy = now;
  });
  dns.on('change', ({ region, healthy: now, healthyCheckers }) => {
    if (region !== 'us') return;
    told.push(now);
    expect([healthyCheckers, expected]).toEqual([now ? 3 : 2, told]);
  });
  for (const answer of [503, 200, 503]) {
    status.us = answer;
    await turned(dns, 'us', answer === 200);
  }
  expect(told).toEqual([false, true, false]);
});

test('closed, it asks nobody any more and still answers', async () => {
  const { dns } = await setUp();
  await dns.close();
  let looks = 0;
  dns.on('health-check', () => {
    looks += 1;
  });
  await new Promise((done) => setTimeout(done, 300));
  expect([looks, dns.answer('eu')]).toEqual([0, 'eu']);
});

test('a region that does not exist is refused by every call', async () => {
  const { dns } = await setUp();
  const moon = 'moon' as Name;
  const error = RangeError('dns.answer: place must be one of "us", "eu", "ap"; got "moon"');
  expect(() => dns.answer(moon)).toThrow(error);
  expect(() => dns.resolver(moon)).toThrow(RangeError);
  expect(() => dns.status(moon)).toThrow(RangeError);
  expect(() => dns.failoverTimes(moon, 0)).toThrow(/^dns\.failoverTimes: region must be/);
});

test('nothing of it keeps a process alive, not even a look that is not answered', async () => {
  const { said, exited } = runFixture('idle-dns', []);
  expect(await said).toBe('all of them wait');
  expect(await exited).toEqual({ code: 0, stderr: '' });
});
