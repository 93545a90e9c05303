import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAffinity } from '@regionkit/affinity';
import { defineRegions, fakeView, type Regions } from '@regionkit/core';
import { requestView } from '@regionkit/core/testing';
import { createHealth, type Health } from '@regionkit/health';
import { type GrowthResult, runGrowth } from '../growth.ts';
import { heapKiB } from '../heap.ts';
import { callsPerSecond } from '../sample.ts';

const SIZES = [2, 4, 8, 16];
const name = (at: number): string => `region-${at}`;

function regionsOf(size: number, self = 0, ports?: readonly number[]): Regions {
  return defineRegions({
    self: name(self),
    all: Object.fromEntries(
      Array.from({ length: size }, (_, at) => [
        name(at),
        { origin: ports === undefined ? `https://${name(at)}.example.com` : `http://127.0.0.1:${ports[at]}` },
      ]),
    ),
    hosts: ['app.example.com'],
    development: ports !== undefined,
  });
}

/** What a request costs the affinity, for a browser at home and for one that is sent home. */
export function affinity(): Promise<GrowthResult> {
  const prepare = (home: (size: number) => number) => (size: number) => {
    const regions = regionsOf(size);
    const view = fakeView(regions);
    for (const region of regions.list) {
      view.set(region.name, {
        reads: 'pass',
        writes: 'pass',
        accept: 'yes',
        identified: true,
        observedAtMs: performance.now() + 3_600_000,
      });
    }
    const decider = createAffinity({ regions, view, cookie: { domain: 'example.com' } });
    const request = requestView({
      target: '/orders',
      headers: {
        host: 'app.example.com',
        accept: 'text/html',
        cookie: `theme=dark; region=${name(home(size))}; sid=abcdef`,
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
    });
    return { measure: (ms: number) => callsPerSecond(() => decider.decide(request), ms) };
  };
  return runGrowth({
    title: 'affinity, one decision',
    by: 'regions',
    sizes: SIZES,
    metrics: ['nsPerOp'],
    lines: [
      { name: 'at home', prepare: prepare(() => 0) },
      { name: 'sent to the last region', prepare: prepare((size) => size - 1) },
    ],
  });
}

const INTERVAL_MS = 500;

/** Regions that ask each other for their state: what this costs each region, and what reading the view costs. */
export function health(): Promise<GrowthResult> {
  return runGrowth({
    title: 'health, regions asking each other',
    by: 'regions',
    sizes: SIZES,
    metrics: ['cpuMsPerSecond', 'askedPerSecond', 'viewNs', 'heapKiBPerRegion'],
    notes: [
      `Each region asks each other one every ${INTERVAL_MS} ms, four times as often as by default; CPU for each region, asking and answering. \`viewNs\`: the state of one region read. \`heapKiBPerRegion\`: its health, its server and its connections to the others.`,
    ],
    lines: [{ name: 'regionkit', prepare: prepareHealth }],
    rounds: 2,
    durationMs: 2_000,
  });
}

async function prepareHealth(size: number) {
  // The first of its kind also brings what is made once: compiled code, shapes, caches.
  const first = await askingEachOther(size);
  await pause(2 * INTERVAL_MS);
  await first.close();
  const heapBeforeKiB = await heapKiB();
  const { all, close } = await askingEachOther(size);
  await pause(2 * INTERVAL_MS);
  const heapKiBPerRegion = ((await heapKiB()) - heapBeforeKiB) / size;
  const { view } = all[0] as Health;
  let asked = 0;
  for (const each of all) {
    each.on('peer', () => {
      asked += 1;
    });
  }
  const last = name(size - 1);
  return {
    measure: async (ms: number) => {
      const before = process.cpuUsage();
      asked = 0;
      await pause(ms);
      const { user, system } = process.cpuUsage(before);
      const answers = asked;
      if (view.get(last)?.accept !== 'yes') throw new Error('the regions did not hear of each other');
      const { nsPerOp = 0 } = callsPerSecond(() => view.get(last), 50);
      const perSecond = 1_000 / ms / size;
      return {
        cpuMsPerSecond: ((user + system) / 1_000) * perSecond,
        askedPerSecond: answers * perSecond,
        viewNs: nsPerOp,
        heapKiBPerRegion,
      };
    },
    close,
  };
}

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

async function askingEachOther(size: number): Promise<{ readonly all: readonly Health[]; close(): Promise<void> }> {
  const members: { server: Server; health: Health | undefined }[] = [];
  for (let at = 0; at < size; at += 1) {
    const server = createServer((request, response) => {
      const handle = members[at]?.health?.node((_request, answer) => (answer as typeof response).writeHead(404).end());
      (handle as ((request: unknown, response: unknown) => void) | undefined)?.(request, response);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    members.push({ server, health: undefined });
  }
  const ports = members.map(({ server }) => (server.address() as AddressInfo).port);
  members.forEach((member, at) => {
    member.health = createHealth({
      regions: regionsOf(size, at, ports),
      peers: { secret: 'a secret of the bench, 32 bytes long', intervalMs: INTERVAL_MS },
    });
    member.health.check('dependency', () => {});
  });
  const all = members.flatMap(({ health }) => health ?? []);
  await Promise.all(all.map((each) => each.ready()));
  return {
    all,
    close: async () => {
      await Promise.all(all.map((each) => each.close()));
      for (const { server } of members) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}
