import { type GrowthResult, runGrowth } from '../growth.ts';
import { serverLoad } from '../server-load.ts';
import { startServer } from '../server-process.ts';

const SIZES = [1, 10, 100, 1_000];
const GET = 'GET /health HTTP/1.1\r\nHost: app.example.com\r\nCookie: region=us-east-1\r\n\r\n';
const POST = 'POST /orders HTTP/1.1\r\nHost: app.example.com\r\nContent-Length: 2\r\n\r\n{}';

/** One request in flight on each connection, against servers in processes of their own. */
export async function clients(): Promise<GrowthResult> {
  const origin = await startServer('origin');
  const line = (name: string, server: string, args: readonly string[], request: string) => ({
    name,
    prepare: async (connections: number) => {
      const running = await startServer(server, args);
      return {
        measure: (durationMs: number) => serverLoad(running, { connections, durationMs, request }),
        close: () => running.stop(),
      };
    },
  });
  const upstream = String(origin.port);
  const result = await runGrowth({
    title: 'requests in flight at once',
    by: 'clients',
    sizes: SIZES,
    metrics: ['p50Ms', 'p99Ms', 'opsPerSecond', 'cpuMicrosPerOp', 'rssMiB'],
    lines: [
      line('node:http', 'doors', ['bare'], GET),
      line('regionkit affinity', 'doors', ['affinity'], GET),
      line('regionkit health', 'health', ['regionkit'], GET),
      line('regionkit forward', 'forwarder', ['regionkit', upstream], POST),
      line('reply-from', 'forwarder', ['reply-from', upstream], POST),
      line('httpxy', 'forwarder', ['httpxy', upstream], POST),
    ],
    rounds: 2,
    durationMs: 400,
  });
  await origin.stop();
  return result;
}
