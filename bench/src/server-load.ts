import { type HttpLoad, httpLoad } from './http-load.ts';
import type { Sample } from './sample.ts';
import type { ServerProcess } from './server-process.ts';

/**
 * Load on a server, and the processor time it took the server for each request, in all and on its main thread: what
 * stays the same when something else wants the machine too.
 */
export async function serverLoad(server: ServerProcess, load: Omit<HttpLoad, 'port' | 'opened'>): Promise<Sample> {
  let before: Sample = {};
  const sample = await httpLoad({
    ...load,
    port: server.port,
    opened: async () => {
      before = await server.ask();
    },
  });
  const after = await server.ask();
  const perRequest = (metric: string): number =>
    ((after[metric] ?? Number.NaN) - (before[metric] ?? Number.NaN)) / (sample['requests'] as number);
  return {
    ...sample,
    cpuMicrosPerOp: perRequest('cpuMs') * 1_000,
    mainMicrosPerOp: perRequest('mainMicros'),
    rssMiB: after['rssMiB'] ?? Number.NaN,
  };
}
