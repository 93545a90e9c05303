import { requestView } from '@regionkit/core/testing';
import { type Behind, edgeAffinity, openBehind } from '../edge/doors.ts';
import type { Group } from '../group.ts';
import { withMainThread } from '../main-thread.ts';
import { callsPerSecond } from '../sample.ts';
import { serverLoad } from '../server-load.ts';
import { type Replicas, startReplicas } from '../server-process.ts';
import { type Bar, runTrial } from '../trial.ts';

const WAYS = [
  ['bare', 'node:http'],
  ['stored', 'one AsyncLocalStorage, no door'],
  ['reading', 'the same, and it reads the fields, no door'],
  ['affinity', 'affinity'],
  ['gate', 'write gate'],
  ['three', 'affinity, session, write gate'],
  ['four', 'health, affinity, session, write gate'],
] as const;
const KIT = ['kit', 'the same four, wired by regionkit'] as const;
const FOUR = 'health, affinity, session, write gate';
const BARE = 'node:http';
const WITH_BARS = ['affinity', 'affinity, session, write gate', FOUR];
/** The more code a contender has, the later it is compiled: without this the first rounds count against the doors. */
const WARM_UP_MS = 2_000;
const REQUESTS =
  'Each request is of a signed-in client, which returns its region cookie and the token of a write. The doors are composed into one. The gate is that of a real router in the region of its primary.';

export const group: Group = {
  name: 'affinity, and all doors together',
  run: async (tell) => {
    tell('deciding');
    const affinity = edgeAffinity();
    const view = requestView({
      target: '/orders',
      headers: {
        host: 'app.example.com',
        cookie: 'theme=dark; region=us-east-1; sid=abcdef',
        accept: 'application/json',
      },
    });
    const deciding = await runTrial({
      title: 'one decision, cookie of this region',
      baseline: 'regionkit',
      metrics: ['mainMicrosPerOp', 'opsPerSecond'],
      contenders: [
        { name: 'regionkit', measure: (ms) => withMainThread(() => callsPerSecond(() => affinity.decide(view), ms)) },
      ],
      bars: [{ contender: 'regionkit', metric: 'mainMicrosPerOp', atMost: 2, by: 'low tenth' }],
      rounds: 40,
      durationMs: 50,
    });
    await using behind = await openBehind();
    tell('in memory');
    const inMemory = await running(behind, 'doors-in-memory', [...WAYS, KIT]);
    const added = await runTrial({
      title: 'what doors add to node:http, connections in memory',
      baseline: BARE,
      metrics: ['mainMicrosPerOp'],
      contenders: inMemory.map(({ name, servers }) => ({ name, measure: () => servers.next().ask() })),
      bars: [
        ...WITH_BARS.map(
          (contender): Bar => ({
            contender,
            over: BARE,
            metric: 'mainMicrosPerOp',
            atMost: 1.5,
            by: 'low tenth',
          }),
        ),
        // The kit is not in the way of a request.
        { contender: KIT[1], against: FOUR, metric: 'mainMicrosPerOp', atMost: 1.05, by: 'low tenth' },
      ],
      notes: [REQUESTS],
      rounds: 60,
    });
    await stop(inMemory);
    tell('serving');
    const overLoopback = await running(behind, 'doors', WAYS);
    const load = { connections: 32, request: behind.request };
    for (const { servers } of overLoopback) {
      for (const server of servers.all) await serverLoad(server, { ...load, durationMs: WARM_UP_MS });
    }
    const serving = await runTrial({
      title: 'node:http with and without doors, 32 connections over loopback',
      baseline: BARE,
      metrics: ['opsPerSecond', 'mainMicrosPerOp', 'cpuMicrosPerOp', 'p50Ms', 'p99Ms'],
      contenders: overLoopback.map(({ name, servers }) => ({
        name,
        measure: (durationMs) => serverLoad(servers.next(), { ...load, durationMs }),
      })),
      bars: WITH_BARS.map((contender) => ({
        contender,
        against: BARE,
        metric: 'opsPerSecond',
        atLeast: 0.97,
        by: 'paired',
      })),
      notes: [REQUESTS, `Each server was under load for ${WARM_UP_MS / 1_000} s before the first round.`],
      rounds: 60,
      durationMs: 80,
    });
    await stop(overLoopback);
    return [deciding, added, serving];
  },
};

interface Running {
  readonly name: string;
  readonly servers: Replicas;
}

function running(
  behind: Behind,
  script: string,
  ways: readonly (readonly [way: string, name: string])[],
): Promise<Running[]> {
  return Promise.all(
    ways.map(async ([way, name]) => ({
      name,
      servers: await startReplicas(script, [way, ...behind.args, behind.request]),
    })),
  );
}

async function stop(all: readonly Running[]): Promise<void> {
  await Promise.all(all.map(({ servers }) => servers.stop()));
}
