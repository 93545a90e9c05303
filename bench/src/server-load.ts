import { type HttpLoad, httpLoad } from './http-load.ts';
import type { Sample } from './sample.ts';
import type { ServerProcess } from './server-process.ts';

/**
 * Load on a server, and the processor time it took the server for each request: what stays the same when something else
 * wants the machine too.
 */
export async function serverLoad(server: ServerProcess, load: Omit<HttpLoad, 'port'>): Promise<Sample> {
  const before = await server.ask();
  const begin = performance.now();
  const sample = await httpLoad({ ...load, port: server.port });
  const requests = ((sample['opsPerSecond'] as number) * (performance.now() - begin)) / 1_000;
  const { cpuMs = Number.NaN, rssMiB = Number.NaN } = await server.ask();
  return { ...sample, cpuMicrosPerOp: ((cpuMs - (before['cpuMs'] ?? 0)) * 1_000) / requests, rssMiB };
}
