import { fakeClock, requestView } from '@regionkit/core/testing';
import { createHealth } from '@regionkit/health';
import { edgeRegions } from '../edge/setting.ts';
import type { Group } from '../group.ts';
import { httpBurst } from '../http-burst.ts';
import { withMainThread } from '../main-thread.ts';
import { callsPerSecond, type Sample } from '../sample.ts';
import { serverLoad } from '../server-load.ts';
import { type Replicas, type ServerProcess, startReplicas, startServer } from '../server-process.ts';
import { type Bar, judge, runTrial, type TrialResult } from '../trial.ts';

const PROBE = 'GET /health HTTP/1.1\r\nHost: 10.0.0.1\r\nUser-Agent: Amazon-Route53-Health-Check-Service\r\n\r\n';
const WAYS = [
  ['constant', 'node:http, a constant'],
  ['regionkit', 'regionkit on node:http'],
  ['terminus', '@godaddy/terminus'],
  ['fastify-constant', 'fastify, a constant'],
  ['fastify-same-bytes', 'fastify, the same bytes'],
  ['regionkit-fastify', 'regionkit in fastify'],
  ['under-pressure', '@fastify/under-pressure'],
  ['nest', '@nestjs/terminus'],
] as const;
/** Those a dependency that hangs is told by: a constant in Fastify notices no more than the other. */
const HUNG = [
  ...WAYS.filter(([way]) => !way.includes('fastify')),
  ['terminus-limited', '@godaddy/terminus, its check given up after 200 ms'],
] as const;
const AT_ONCE = 1_000;
/** As long as a prober waits. */
const PATIENCE_MS = 1_000;

export const group: Group = {
  name: 'health',
  run: async (tell) => {
    tell('one verdict');
    const results = [await deciding()];
    tell('probes, one after the other on 32 connections');
    results.push(await probing());
    tell(`${AT_ONCE} probes at once`);
    results.push(...(await bursting()));
    tell('a check that hangs');
    results.push(await hanging());
    return results;
  },
};

async function deciding(): Promise<TrialResult> {
  const health = createHealth({ regions: edgeRegions('us-east-1') });
  for (const name of ['reads', 'writes', 'lag']) health.check(name, () => {});
  await health.ready();
  const view = requestView({ target: '/health', headers: { host: '10.0.0.1' } });
  const result = await runTrial({
    title: 'a probe decided, three checks',
    baseline: 'regionkit',
    metrics: ['mainMicrosPerOp', 'opsPerSecond'],
    contenders: [
      { name: 'regionkit', measure: (ms) => withMainThread(() => callsPerSecond(() => health.decide(view), ms)) },
    ],
    bars: [{ contender: 'regionkit', metric: 'mainMicrosPerOp', atMost: 5, by: 'low tenth' }],
    rounds: 40,
    durationMs: 50,
  });
  await health.close();
  return result;
}

async function probing(): Promise<TrialResult> {
  const servers = await Promise.all(WAYS.map(([way]) => startReplicas('health', [way])));
  const result = await runTrial({
    title: 'GET /health, 32 connections',
    baseline: 'node:http, a constant',
    metrics: ['opsPerSecond', 'mainMicrosPerOp', 'cpuMicrosPerOp', 'p50Ms', 'p99Ms'],
    contenders: WAYS.map(([, name], at) => ({
      name,
      measure: (durationMs) =>
        serverLoad((servers[at] as Replicas).next(), { connections: 32, durationMs, request: PROBE }),
    })),
    bars: [
      ...keepsUp('regionkit on node:http', 'node:http, a constant'),
      ...keepsUp('regionkit in fastify', 'fastify, a constant'),
      ...keepsUp('regionkit in fastify', 'fastify, the same bytes'),
    ],
    notes: [
      'Each server runs in two processes of its own, with one check of a dependency that answers at once.',
      'Fastify adds `; charset=utf-8` to the content type of the constant, which is a text. The door sends its content type as it is, so it must give Fastify bytes, and Node writes those apart from the head. The same bytes are a constant route that does so too.',
    ],
    // Who shares a core with whom changes from one moment to the next: many short rounds see all of it.
    rounds: 60,
    durationMs: 70,
  });
  await Promise.all(servers.map((server) => server.stop()));
  return result;
}

function keepsUp(contender: string, against: string): readonly Bar[] {
  return [
    { contender, against, metric: 'opsPerSecond', atLeast: 0.97, by: 'paired' },
    // What a probe takes of a processor on top of writing the same bytes: deciding, and carrying the decision out.
    { contender, over: against, metric: 'mainMicrosPerOp', atMost: 1, by: 'low tenth' },
  ];
}

async function bursting(): Promise<TrialResult[]> {
  const servers = await Promise.all(HUNG.map(([way]) => startServer('health', [way, 'hung'])));
  // The first look of each, and long enough for a verdict to turn.
  for (const { port } of servers) await httpBurst({ port, connections: 1, request: PROBE, patienceMs: PATIENCE_MS });
  await new Promise((done) => setTimeout(done, 3_000));
  const burst = (at: number) => (): Promise<Sample> => {
    const server = servers[at] as ServerProcess;
    // It has accepted them all when it has come to answer that.
    const opened = async (): Promise<void> => void (await server.ask());
    return httpBurst({ port: server.port, connections: AT_ONCE, request: PROBE, patienceMs: PATIENCE_MS, opened });
  };
  const contenders = HUNG.map(([, name], at) => ({ name, measure: burst(at) }));
  const title = `${AT_ONCE.toLocaleString('en-US')} probes at once while the dependency hangs`;
  const baseline = 'node:http, a constant';
  const metrics = ['lastMs', 'p50Ms', 'answered', 'toldFailing'];
  const contender = 'regionkit on node:http';
  const results = [
    await runTrial({
      title,
      baseline,
      metrics,
      contenders: contenders.slice(0, 2),
      bars: [
        { contender, metric: 'lastMs', atMost: 50, by: 'low tenth' },
        { contender, against: baseline, metric: 'lastMs', atMost: 1.1, by: 'low tenth' },
        { contender, metric: 'answered', atLeast: AT_ONCE, by: 'worst' },
        { contender, metric: 'toldFailing', atLeast: AT_ONCE, by: 'worst' },
      ],
      rounds: 25,
    }),
    await runTrial({
      title: `${title}, the peers`,
      baseline,
      metrics,
      contenders,
      notes: [
        `On ${AT_ONCE.toLocaleString('en-US')} open connections. An answer after more than ${PATIENCE_MS.toLocaleString('en-US')} ms does not count. An answer that is a constant reports no failure. regionkit runs the check every 500 ms here and ends it after 200 ms. The peers run the check for each probe, and wait as long as it takes.`,
      ],
      rounds: 3,
    }),
  ];
  await Promise.all(servers.map((server) => server.stop()));
  return results;
}

const RUNS = 20;

/** On a clock of its own, with the defaults: what the rules allow, without what the machine adds. */
async function hanging(): Promise<TrialResult> {
  const samples: Sample[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const clock = fakeClock();
    const health = createHealth({ regions: edgeRegions('us-east-1'), clock });
    let hangsSinceMs: number | undefined;
    let hangs = false;
    health.check(
      'dependency',
      () => {
        if (!hangs) return Promise.resolve();
        hangsSinceMs ??= clock.now();
        return new Promise(() => {});
      },
      { affects: ['reads'] },
    );
    let failedAtMs: number | undefined;
    health.on('change', ({ to }) => {
      if (to.reads === 'fail') failedAtMs ??= clock.now();
    });
    await clock.advance(20_000 + run * 137);
    hangs = true;
    await clock.advance(20_000);
    samples.push({ ms: (failedAtMs ?? Number.NaN) - (hangsSinceMs ?? Number.NaN) });
    await health.close();
  }
  return judge(
    {
      title: 'from the first look that hangs to the verdict',
      baseline: 'regionkit',
      metrics: ['ms'],
      bars: [{ contender: 'regionkit', metric: 'ms', atMost: 1_000 * 2 + 2_000, by: 'worst' }],
      notes: [
        'On a fake clock with the defaults: a check every 2 s, a timeout of 1 s, and two failures change the verdict.',
      ],
    },
    new Map([['regionkit', samples]]),
  );
}
