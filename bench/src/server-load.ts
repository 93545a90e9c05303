import { type HttpLoad, httpLoad } from './http-load.ts';
import type { Sample } from './sample.ts';
import type { ServerProcess } from './server-process.ts';

/**
 * Load on a server, and the processor time it took the server for each request: what stays the same when something else
 * wants the machine too.
 */
export async function serverLoad(server: ServerProcess, load: Omit<HttpLoad, 'port' | 'opened'>): Promise<Sample> {
  let before = Number.NaN;
  const sample = await httpLoad({
    ...load,
    port: server.port,
    opened: async () => {
      before = (await server.ask())['cpuMs'] ?? Number.NaN;
    },
  });
  const { cpuMs = Number.NaN, rssMiB = Number.NaN } = await server.ask();
  return { ...sample, cpuMicrosPerOp: ((cpuMs - before) * 1_000) / (sample['requests'] as number), rssMiB };
}
