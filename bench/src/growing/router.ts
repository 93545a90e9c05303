import { defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter } from '@regionkit/db-router';
import { createLab, type Lab } from '@regionkit/lab';
import pg from 'pg';
import { type GrowthResult, runGrowth } from '../growth.ts';
import { heapKiB } from '../heap.ts';
import {
  createTables,
  direct,
  directPool,
  HERE,
  keysInTurn,
  type Name,
  routerIn,
  SECRET,
  SELECT,
  THERE,
} from '../router/setting.ts';
import { tokensOf } from '../router/tokens.ts';
import { callsInFlight, callsPerSecond } from '../sample.ts';

/** Against real servers: how many nodes, how much in flight, how many tokens. */
export async function router(tell: (line: string) => void): Promise<GrowthResult[]> {
  await using lab = await createLab({
    regions: [HERE, THERE],
    settings: { max_connections: 300 },
    onProgress: () => {},
  });
  await createTables(lab);
  const there = await routerIn(THERE, lab);
  const here = await routerIn(HERE, lab);
  try {
    tell('router: nodes');
    const results = [await nodes(lab)];
    tell('router: in flight');
    results.push(await inFlight(there, lab));
    tell('router: tokens');
    results.push(await tokens(here));
    return results;
  } finally {
    await Promise.all([here, there].map((each) => each.close({ pools: true })));
  }
}

/** Every node but the first is the one standby under another name: a router cannot tell, and two servers are enough. */
function nodes(lab: Lab<Name>): Promise<GrowthResult> {
  const next = keysInTurn();
  return runGrowth({
    title: 'router, nodes it watches',
    by: 'nodes',
    sizes: [2, 4, 8, 16],
    metrics: ['explainNs', 'readP50Ms', 'heapKiB', 'connections'],
    notes: ['`heapKiB` of the router and its pools, when it is ready and idle.'],
    lines: [
      {
        name: 'regionkit',
        prepare: async (size) => {
          // The first of its kind also brings what is made once: compiled code, shapes, caches.
          await (await watching(lab, size)).close({ pools: true });
          const before = await heapKiB();
          const made = await watching(lab, size);
          const heap = (await heapKiB()) - before;
          return {
            measure: async (ms) => {
              const { nsPerOp = 0 } = callsPerSecond(() => made.explain('read'), ms);
              const { p50Ms = 0 } = await callsInFlight(() => made.read(SELECT, [next()]), ms, 1);
              const connections = made.topology().nodes.reduce((sum, node) => sum + node.connections, 0);
              return { explainNs: nsPerOp, readP50Ms: p50Ms, heapKiB: heap, connections };
            },
            close: () => made.close({ pools: true }),
          };
        },
      },
    ],
  });
}

/** A router that knows `size` nodes and has read once. */
async function watching(lab: Lab<Name>, size: number): Promise<RegionRouter> {
  const names = Array.from({ length: size }, (_, at) => `region-${at}`);
  const pools = Object.fromEntries(
    names.map((name, at) => {
      const pool = new pg.Pool({ connectionString: direct(lab.region(at === 0 ? HERE : THERE)), max: 8 });
      pool.on('error', () => {});
      return [name, pool];
    }),
  );
  const made = createRegionRouter({
    regions: defineRegions({
      self: 'region-1',
      all: Object.fromEntries(names.map((name) => [name, { origin: `https://${name}.example.com` }])),
    }),
    pools,
    token: { secret: SECRET },
  });
  await made.ready();
  await made.read(SELECT, [1]);
  return made;
}

async function inFlight(there: RegionRouter<Name>, lab: Lab<Name>): Promise<GrowthResult> {
  const pool = directPool(lab.region(THERE));
  const next = keysInTurn();
  const line = (name: string, call: () => Promise<unknown>) => ({
    name,
    prepare: (size: number) => ({ measure: (ms: number) => callsInFlight(call, ms, size) }),
  });
  const result = await runGrowth({
    title: 'reads in flight, over 32 connections',
    by: 'reads',
    sizes: [1, 10, 100, 1_000],
    metrics: ['p50Ms', 'p99Ms', 'opsPerSecond'],
    lines: [
      line('regionkit read', () => there.read(SELECT, [next()])),
      line('pg pool.query', () => pool.query(SELECT, [next()])),
    ],
    durationMs: 300,
  });
  await pool.end();
  return result;
}

/** Requests that each brought a token of their own and are all under way: what one costs. */
async function tokens(here: RegionRouter<Name>): Promise<GrowthResult> {
  const sizes = [10, 100, 1_000, 10_000];
  const known = await tokensOf(here, 1_000);
  return runGrowth({
    title: 'requests under way, each with a token',
    by: 'requests',
    sizes,
    metrics: ['microsPerRequest', 'heapKiBPerRequest'],
    notes: ['Each request opens a scope and verifies a token. All scopes stay open until the last one is.'],
    lines: [
      {
        name: 'regionkit',
        prepare: (size) => ({
          measure: async () => {
            let release = (): void => {};
            const barrier = new Promise<void>((done) => {
              release = done;
            });
            const before = await heapKiB();
            const begin = performance.now();
            const under = Array.from({ length: size }, (_, at) =>
              here.run({ token: known[at % known.length], access: 'read' }, async () => {
                await barrier;
              }),
            );
            const elapsedMs = performance.now() - begin;
            const heap = (await heapKiB()) - before;
            release();
            await Promise.all(under);
            return { microsPerRequest: (elapsedMs * 1_000) / size, heapKiBPerRequest: heap / size };
          },
        }),
      },
    ],
    rounds: 5,
  });
}
