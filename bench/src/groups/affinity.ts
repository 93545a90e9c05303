import { createAffinity } from '@regionkit/affinity';
import { requestView } from '@regionkit/core/testing';
import { edgeRegions, edgeView } from '../edge-setting.ts';
import type { Group } from '../group.ts';
import { callsPerSecond } from '../sample.ts';
import { serverLoad } from '../server-load.ts';
import { type ServerProcess, startServer } from '../server-process.ts';
import { type Contender, runTrial } from '../trial.ts';

const REQUEST =
  'GET /orders HTTP/1.1\r\nHost: app.example.com\r\nCookie: theme=dark; region=us-east-1; sid=abcdef\r\nAccept: application/json\r\n\r\n';

export const group: Group = {
  name: 'affinity',
  run: async (tell) => {
    tell('deciding');
    const affinity = createAffinity({
      regions: edgeRegions('us-east-1'),
      view: edgeView('us-east-1'),
      cookie: { domain: 'example.com' },
    });
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
      metrics: ['nsPerOp', 'opsPerSecond'],
      contenders: [
        { name: 'regionkit', measure: (durationMs) => callsPerSecond(() => affinity.decide(view), durationMs) },
      ],
      bars: [{ contender: 'regionkit', metric: 'nsPerOp', atMost: 2_000 }],
    });
    tell('serving');
    const servers = await Promise.all(['bare', 'affinity'].map((way) => startServer('affinity', [way])));
    const contender = (name: string, at: number): Contender => ({
      name,
      measure: (durationMs) =>
        serverLoad(servers[at] as ServerProcess, { connections: 32, durationMs, request: REQUEST }),
    });
    const serving = await runTrial({
      title: 'bare node:http with and without affinity, 32 connections',
      baseline: 'node:http',
      metrics: ['opsPerSecond', 'cpuMicrosPerOp', 'p50Ms', 'p99Ms'],
      contenders: [contender('node:http', 0), contender('regionkit affinity', 1)],
      bars: [{ contender: 'regionkit affinity', against: 'node:http', metric: 'opsPerSecond', atLeast: 0.97 }],
      rounds: 15,
      durationMs: 600,
    });
    await Promise.all(servers.map((server) => server.stop()));
    return [deciding, serving];
  },
};
