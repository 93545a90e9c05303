import { once } from 'node:events';
import { connect } from 'node:net';
import type { ServerProcess } from '../server-process.ts';
import { judge, type TrialResult } from '../trial.ts';

const ABORTS = 10_000;
const AT_ONCE = 50;
/** Idle connections to the origin are given up by then. */
const SETTLE_MS = 6_000;

/** In turn: half of the body is sent; the answer is awaited; half of the answer was read. Then the client is gone. */
const REQUESTS = [
  'POST /orders HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 65536\r\n\r\nhalf',
  'POST /slow HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\n{}',
  'POST /source?bytes=1048576 HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 0\r\n\r\n',
] as const;

/** Clients that leave in the middle, and what is left of them afterwards. */
export async function aborting(
  forwarders: readonly (readonly [name: string, server: ServerProcess])[],
): Promise<TrialResult> {
  const before = await Promise.all(forwarders.map(([, server]) => server.ask({ collected: true })));
  const secondsTaken: number[] = [];
  for (const [, server] of forwarders) {
    const begin = performance.now();
    let left = ABORTS;
    const leave = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        await abort(server.port, REQUESTS[left % REQUESTS.length] as string);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, leave));
    secondsTaken.push((performance.now() - begin) / 1_000);
  }
  await new Promise((done) => setTimeout(done, SETTLE_MS));
  const samples = await Promise.all(
    forwarders.map(async ([name, server], at) => {
      const { heapMiB = 0, sockets = 0, inFlight = 0 } = await server.ask({ collected: true });
      const was = before[at] as (typeof before)[number];
      const sample = {
        inFlight,
        socketsLeft: sockets - (was['sockets'] ?? 0),
        heapGrowthMiB: heapMiB - (was['heapMiB'] ?? 0),
        seconds: secondsTaken[at] ?? Number.NaN,
      };
      return [name, [sample]] as const;
    }),
  );
  return judge(
    {
      title: `${ABORTS.toLocaleString('en-US')} clients that leave in the middle`,
      baseline: 'regionkit',
      metrics: ['heapGrowthMiB', 'socketsLeft', 'inFlight', 'seconds'],
      bars: [
        { contender: 'regionkit', metric: 'inFlight', atMost: 0 },
        { contender: 'regionkit', metric: 'socketsLeft', atMost: 0 },
        { contender: 'regionkit', metric: 'heapGrowthMiB', atMost: 5 },
      ],
      notes: [
        `A third each: half of the body sent, waiting for the answer, half of the answer read. Looked at ${SETTLE_MS / 1_000} s later, garbage collected.`,
      ],
    },
    new Map(samples),
  );
}

async function abort(port: number, request: string): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  await once(socket, 'connect');
  const heard = once(socket, 'data').catch(() => {});
  socket.write(request);
  // Long enough for it to be on its way.
  await Promise.race([heard, new Promise((done) => setTimeout(done, 5))]);
  socket.destroy();
}
