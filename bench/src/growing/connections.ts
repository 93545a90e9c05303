import { openBehind } from '../edge/doors.ts';
import { type GrowthResult, runGrowth } from '../growth.ts';
import { openSockets } from '../open-sockets.ts';
import { startServer } from '../server-process.ts';

/** Not more than a server lets wait to be accepted. */
const SIZES = [50, 150, 450];

/** Kept connections of clients that have each sent one request: what an open one costs the server's heap. */
export async function connections(): Promise<GrowthResult> {
  await using behind = await openBehind();
  const line = (name: string, way: string) => ({
    name,
    prepare: async (size: number) => {
      const server = await startServer('doors', [way, ...behind.args]);
      const ask = async (count: number) => {
        const sockets = await openSockets(server.port, count);
        await Promise.all(
          sockets.map(
            (socket) =>
              new Promise((answered) => {
                socket.once('data', answered);
                socket.write(behind.request);
              }),
          ),
        );
        return sockets;
      };
      const heapKiB = async (): Promise<number> => ((await server.ask({ collected: true }))['heapMiB'] ?? 0) * 1_024;
      return {
        measure: async () => {
          // What is made once is there before.
          for (const socket of await ask(1)) socket.destroy();
          const before = await heapKiB();
          const open = await ask(size);
          const heap = (await heapKiB()) - before;
          for (const socket of open) socket.destroy();
          return { heapKiBPerConnection: heap / size };
        },
        close: () => server.stop(),
      };
    },
  });
  // Awaited here: the database is closed behind it.
  return await runGrowth({
    title: 'kept connections',
    by: 'connections',
    sizes: SIZES,
    metrics: ['heapKiBPerConnection'],
    notes: ['Each has sent one request of a signed-in client with a token, and is idle.'],
    rounds: 2,
    lines: [line('node:http', 'bare'), line('health, affinity, session, write gate', 'four')],
  });
}
