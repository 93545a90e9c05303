import { aborting } from '../forward/aborts.ts';
import { carrying } from '../forward/memory.ts';
import type { Group } from '../group.ts';
import { serverLoad } from '../server-load.ts';
import { type Replicas, type ServerProcess, startReplicas, startServer } from '../server-process.ts';
import { type Contender, runTrial, type TrialResult } from '../trial.ts';

const BODY = JSON.stringify({ item: 'tea', note: 'x'.repeat(230) });
const REQUEST = `POST /orders HTTP/1.1\r\nHost: app.example.com\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\nCookie: theme=dark\r\nAccept: application/json\r\n\r\n${BODY}`;

/** A server compiles its code during the first few thousand requests. What is measured is a server that has run for a while. */
const WARM_UP_MS = 3_000;

export const group: Group = {
  name: 'forwarding a write',
  run: async (tell) => {
    const origin = await startServer('origin');
    const ways = ['regionkit', 'reply-from', 'httpxy'] as const;
    const forwarders = await Promise.all(ways.map((way) => startReplicas('forwarder', [way, String(origin.port)])));
    tell('warming up');
    for (const server of forwarders.flatMap(({ all }) => all)) {
      await serverLoad(server, { connections: 8, durationMs: WARM_UP_MS, request: REQUEST });
    }
    const results: TrialResult[] = [];
    for (const connections of [1, 32]) {
      tell(`${connections} at a time`);
      const contender = (name: string, next: () => ServerProcess): Contender => ({
        name,
        measure: (durationMs) => serverLoad(next(), { connections, durationMs, request: REQUEST }),
      });
      results.push(
        await runTrial({
          title: `POST of 256 bytes answered with 1 KiB, ${connections} at a time`,
          baseline: 'direct call',
          metrics: ['opsPerSecond', 'mainMicrosPerOp', 'cpuMicrosPerOp', 'p50Ms', 'p99Ms'],
          contenders: [
            contender('direct call', () => origin),
            ...ways.map((way, at) => contender(way, (forwarders[at] as Replicas).next)),
          ],
          bars: [
            { contender: 'regionkit', against: 'reply-from', metric: 'opsPerSecond', atLeast: 1, by: 'paired' },
            {
              contender: 'regionkit',
              against: 'httpxy',
              metric: 'opsPerSecond',
              atLeast: connections === 1 ? 1 : 1.1,
              by: 'paired',
            },
            { contender: 'regionkit', against: 'httpxy', metric: 'mainMicrosPerOp', atMost: 1, by: 'low tenth' },
            ...(connections === 1
              ? [
                  {
                    contender: 'regionkit',
                    over: 'direct call',
                    metric: 'p50Ms',
                    atMost: 0.4,
                    by: 'low tenth',
                  } as const,
                ]
              : []),
          ],
          notes: [
            'Each contender keeps its connections to the origin. regionkit signs every hop. Its router is a stub that knows the primary, and no client brings a token. Each process has answered for three seconds before it is measured.',
          ],
          // Who shares a core with whom changes from one moment to the next: many short rounds see all of it.
          rounds: 80,
          durationMs: 60,
        }),
      );
    }
    // Fresh ones: what they have carried before would count as memory.
    await Promise.all(forwarders.map((server) => server.stop()));
    const fresh = await Promise.all(
      ways.map(async (way) => [way, await startServer('forwarder', [way, String(origin.port)])] as const),
    );
    tell('1 GiB up and down');
    results.push(...(await carrying(origin, fresh)));
    tell('clients that leave');
    results.push(await aborting(origin, fresh));
    await Promise.all([origin, ...fresh.map(([, server]) => server)].map((server) => server.stop()));
    return results;
  },
};
