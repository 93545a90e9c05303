import { fork } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { defineRegions } from '@regionkit/core';
import { createLatencyDns, type LatencyDns, type LatencyDnsEvents } from '@regionkit/lab';
import { expect, onTestFinished, test } from 'vitest';
import { checks, createHealth, type Health, type HealthEvents } from '../src/index.ts';

type Name = 'us' | 'eu';
const FAIL_AFTER = 2;
const THRESHOLD = 3;
/** Of 16, so many must have turned: two are 12.5 %, three would be more than 18 %. */
const ENOUGH_CHECKERS = 14;
const CLIENTS = 3;

/** All that happened, in the order in which it did. */
type Entry =
  | { readonly kind: 'fault'; readonly atMs: number }
  | { readonly kind: 'check'; readonly event: HealthEvents['check'] }
  | { readonly kind: 'verdict'; readonly atMs: number; readonly event: HealthEvents['change'] }
  | {
      readonly kind: 'health-check';
      readonly beganAtMs: number;
      readonly event: LatencyDnsEvents<Name>['health-check'];
    }
  | { readonly kind: 'endpoint-change'; readonly event: LatencyDnsEvents<Name>['change'] }
  | { readonly kind: 'answer'; readonly event: LatencyDnsEvents<Name>['answer'] }
  | { readonly kind: 'request'; readonly client: number; readonly region: Name };

type Of<K extends Entry['kind']> = Extract<Entry, { readonly kind: K }>;

/** Entries of one kind, in order. */
const only = <K extends Entry['kind']>(entries: readonly Entry[], kind: K): Of<K>[] =>
  entries.filter((entry): entry is Of<K> => entry.kind === kind);

async function listen(handler: http.RequestListener): Promise<{ readonly server: http.Server; readonly url: string }> {
  const server = http.createServer(handler);
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A region's app that cannot do without its database. */
async function startApp(
  self: Name,
  database: string,
): Promise<{ readonly url: string; readonly health: Health<Name> }> {
  const health = createHealth<Name>({
    regions: defineRegions<Name, string>({
      self,
      all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
    }),
    defaults: { intervalMs: 100, timeoutMs: 200, failAfter: FAIL_AFTER, passAfter: 2 },
  });
  health.check('database', checks.http(database), { affects: ['reads', 'writes'] });
  onTestFinished(() => health.close());
  const { url } = await listen(health.node((_request, response) => void response.end(self)));
  return { url, health };
}

/** Clients in us, each with a cache of its own, behind a DNS fifty times quicker than the real one. */
function startClients(urls: Readonly<Record<Name, string>>, ledger: Entry[]) {
  const dns = createLatencyDns<Name>({
    endpoints: { us: `${urls.us}/health`, eu: `${urls.eu}/health` },
    intervalMs: 10_000,
    failureThreshold: THRESHOLD,
    ttlMs: 60_000,
    speed: 50,
  });
  dns.on('health-check', (event) => {
    if (event.region === 'us')
      ledger.push({ kind: 'health-check', beganAtMs: performance.now() - event.durationMs, event });
  });
  dns.on('change', (event) => ledger.push({ kind: 'endpoint-change', event }));
  dns.on('answer', (event) => ledger.push({ kind: 'answer', event }));

  let running = true;
  const live = async (client: number): Promise<void> => {
    const resolver = dns.resolver('us');
    while (running) {
      const region = resolver.resolve();
      ledger.push({ kind: 'request', client, region });
      // What the app answers is of no matter here: where DNS leads the client is.
      await new Promise<void>((done) => {
        http
          .get(urls[region], { agent: false }, (response) => response.resume())
          .on('error', () => {})
          .on('close', done);
      });
      await sleep(5);
    }
  };
  const lives = Array.from({ length: CLIENTS }, (_, client) => live(client));
  const stop = async (): Promise<void> => {
    running = false;
    await Promise.all(lives);
    await dns.close();
  };
  onTestFinished(stop);
  return { dns, stop };
}

/** Until every client is led to eu. */
async function untilAllAreLedAway(ledger: readonly Entry[], since: number): Promise<void> {
  await expect
    .poll(
      () =>
        new Set(only(ledger.slice(since), 'request').flatMap(({ client, region }) => (region === 'eu' ? [client] : [])))
          .size,
      {
        timeout: 15_000,
        interval: 20,
      },
    )
    .toBe(CLIENTS);
}

/** DNS's part, the same whatever the fault was: threshold × interval, then the TTL. Counted, not timed. */
function expectDnsPart(ledger: readonly Entry[], dns: LatencyDns<Name>): void {
  const turnAt = ledger.findIndex(({ kind }) => kind === 'endpoint-change');
  const [before, after] = [ledger.slice(0, turnAt), ledger.slice(turnAt)];

  // One turn, by the fourteenth checker that saw three failures in a row, and it had seen no more.
  expect(only(ledger, 'endpoint-change').map(({ event }) => event)).toEqual([
    { region: 'us', healthy: false, healthyCheckers: 16 - ENOUGH_CHECKERS, checkers: 16 },
  ]);
  const failuresInARow = new Map<number, number>();
  for (const { event } of only(before, 'health-check')) {
    failuresInARow.set(event.checker, event.passed ? 0 : (failuresInARow.get(event.checker) ?? 0) + 1);
  }
  expect([...failuresInARow.values()].filter((count) => count >= THRESHOLD)).toHaveLength(ENOUGH_CHECKERS);
  expect(failuresInARow.get(only(before, 'health-check').at(-1)?.event.checker ?? -1)).toBe(THRESHOLD);

  // Not one answer named us after the turn: each client went on by the one it had, until that ran out, and never went back.
  expect(only(after, 'answer').map(({ event }) => event.region)).not.toContain('us');
  for (let client = 0; client < CLIENTS; client += 1) {
    const led = only(after, 'request').filter((entry) => entry.client === client);
    const firstAway = led.findIndex(({ region }) => region === 'eu');
    expect(led.slice(firstAway).map(({ region }) => region)).not.toContain('us');
  }

  // The split says the same: each part is there if and only if something happened in it.
  const fault = only(ledger, 'fault')[0];
  const times = dns.failoverTimes('us', fault?.atMs ?? Number.NaN);
  const { appMs = Number.NaN, checkersMs = Number.NaN, cachesMs = Number.NaN, totalMs = Number.NaN } = times ?? {};
  const toldWell = only(before.slice(before.findIndex(({ kind }) => kind === 'fault')), 'health-check').filter(
    ({ event }) => event.passed,
  );
  expect(appMs > 0).toBe(toldWell.length > 0);
  expect(cachesMs > 0).toBe(only(after, 'request').some(({ region }) => region === 'us'));
  expect(appMs + checkersMs + cachesMs).toBeCloseTo(totalMs);
}

test('a region whose database hangs: our part is failAfter runs of its check, the rest is the threshold and the TTL', async () => {
  let hangs = false;
  const database = await listen((_request, response) => {
    if (!hangs) response.end('ok');
  });
  const [us, eu] = [
    await startApp('us', database.url),
    await startApp('eu', (await listen((_q, r) => r.end('ok'))).url),
  ];
  await expect.poll(() => [us, eu].map(({ health }) => health.verdict().phase)).toEqual(['up', 'up']);
  const ledger: Entry[] = [];
  us.health.on('check', (event) => ledger.push({ kind: 'check', event }));
  us.health.on('change', (event) => ledger.push({ kind: 'verdict', atMs: performance.now(), event }));
  const { dns, stop } = startClients({ us: us.url, eu: eu.url }, ledger);
  await expect.poll(() => only(ledger, 'health-check').length, { timeout: 15_000 }).toBeGreaterThan(32);

  const faultAt = ledger.push({ kind: 'fault', atMs: performance.now() }) - 1;
  hangs = true;
  await untilAllAreLedAway(ledger, faultAt);
  await stop();

  // Ours: health said so with the second run in a row that got no answer in time, and not one run later.
  const verdictAt = ledger.findIndex(({ kind }, at) => at > faultAt && kind === 'verdict');
  const runs = only(ledger.slice(faultAt, verdictAt + 1), 'check').map(({ event }) => event.reason);
  const answered = runs.findIndex((reason) => reason !== 'passed'); // one may have been answered just before
  expect(runs.slice(answered)).toEqual(Array.from({ length: FAIL_AFTER }, () => 'timeout'));
  expect(ledger[verdictAt]).toMatchObject({ event: { to: { reads: 'fail' } } });

  // Whoever asked after that was told.
  const { atMs: verdictAtMs } = ledger[verdictAt] as Of<'verdict'>;
  expect(
    only(ledger, 'health-check').filter(({ beganAtMs, event }) => beganAtMs > verdictAtMs && event.passed),
  ).toEqual([]);
  expect(ledger.findIndex(({ kind }) => kind === 'endpoint-change')).toBeGreaterThan(verdictAt);
  expectDnsPart(ledger, dns);
});

test('a region whose process is killed: none of it is our part', async () => {
  const child = fork(fileURLToPath(new URL('fixtures/region-app.ts', import.meta.url)), {
    execArgv: ['--import', 'tsx', '-C', '@regionkit/source'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const eu = await startApp('eu', (await listen((_request, response) => response.end('ok'))).url);
  const [{ port }] = (await once(child, 'message')) as [{ port: number }];
  const us = `http://127.0.0.1:${port}`;
  await expect.poll(async () => (await fetch(`${us}/health`)).status, { timeout: 15_000 }).toBe(200);
  const ledger: Entry[] = [];
  const { dns, stop } = startClients({ us, eu: eu.url }, ledger);
  await expect
    .poll(() => only(ledger, 'health-check').filter(({ event }) => event.passed).length, { timeout: 15_000 })
    .toBeGreaterThan(32);

  child.kill('SIGKILL');
  await once(child, 'exit');
  const faultAtMs = performance.now();
  const faultAt = ledger.push({ kind: 'fault', atMs: faultAtMs }) - 1;
  await untilAllAreLedAway(ledger, faultAt);
  await stop();

  expect(only(ledger, 'health-check').filter(({ beganAtMs, event }) => beganAtMs > faultAtMs && event.passed)).toEqual(
    [],
  );
  expectDnsPart(ledger, dns);
});
