import { openSockets } from './open-sockets.ts';
import type { Sample } from './sample.ts';
import { quantile } from './statistics.ts';

export interface HttpBurst {
  readonly port: number;
  readonly connections: number;
  readonly request: string;
  /** How long an answer is waited for. */
  readonly patienceMs: number;
  /** Called once all connections are open, before the first request: time for the server to accept them. */
  readonly opened?: () => Promise<void>;
}

/**
 * Opens all connections, then sends one request on each at the same moment. `lastMs` is when the last answer was there,
 * and unknown if one never was; `toldFailing` counts 5xx.
 */
export async function httpBurst({ port, connections, request, patienceMs, opened }: HttpBurst): Promise<Sample> {
  const sockets = await openSockets(port, connections);
  await opened?.();
  const answers = sockets.map(
    (socket) =>
      new Promise<{ ms: number; failing: boolean } | undefined>((resolve) => {
        const patience = setTimeout(() => resolve(undefined), patienceMs);
        socket.once('data', (head: Buffer) => {
          clearTimeout(patience);
          resolve({ ms: performance.now() - sentAtMs, failing: head.toString('latin1', 9, 10) === '5' });
        });
        socket.on('error', () => resolve(undefined));
      }),
  );
  const sentAtMs = performance.now();
  for (const socket of sockets) socket.write(request);
  const all = await Promise.all(answers);
  for (const socket of sockets) socket.destroy();
  const got = all.filter((answer) => answer !== undefined);
  const sorted = got.map(({ ms }) => ms).sort((a, b) => a - b);
  return {
    answered: got.length,
    toldFailing: got.filter(({ failing }) => failing).length,
    lastMs: got.length === connections ? (sorted.at(-1) as number) : Number.NaN,
    p50Ms: sorted.length === 0 ? Number.NaN : quantile(sorted, 0.5),
  };
}
