import type { Sample } from '../sample.ts';
import type { ServerProcess } from '../server-process.ts';
import { runTrial, type TrialResult } from '../trial.ts';
import { download, upload } from './transfer.ts';

const BYTES = 2 ** 30;
const SAMPLE_EVERY_MS = 25;

/** A body of 1 GiB, up and down, and how far it makes the forwarder grow over what it was when it had just started. */
export async function carrying(
  origin: ServerProcess,
  forwarders: readonly (readonly [name: string, server: ServerProcess])[],
): Promise<TrialResult[]> {
  const contenders = [['direct call', origin] as const, ...forwarders];
  const before = new Map<string, number>();
  for (const [name, server] of contenders) before.set(name, (await server.ask({ collected: true }))['rssMiB'] ?? 0);
  const results: TrialResult[] = [];
  for (const [title, transfer] of [
    ['1 GiB up', upload],
    ['1 GiB down', download],
  ] as const) {
    results.push(
      await runTrial({
        title,
        baseline: 'direct call',
        metrics: ['growthMiB', 'rssMiB', 'mibPerSecond', 'cpuMs'],
        contenders: contenders.map(([name, server]) => ({
          name,
          measure: () => watched(server, before.get(name) ?? 0, () => transfer(server.port, BYTES)),
        })),
        bars: [{ contender: 'regionkit', metric: 'growthMiB', atMost: 64, by: 'worst' }],
        rounds: 2,
        notes: [
          '`growthMiB` is the largest resident memory during the transfer, minus that before the first transfer.',
        ],
      }),
    );
  }
  return results;
}

async function watched(server: ServerProcess, beforeMiB: number, transfer: () => Promise<void>): Promise<Sample> {
  const { cpuMs: cpuBeforeMs = Number.NaN } = await server.ask();
  let most = 0;
  let done = false;
  const watching = (async () => {
    while (!done) {
      most = Math.max(most, (await server.ask())['rssMiB'] ?? 0);
      await new Promise((next) => setTimeout(next, SAMPLE_EVERY_MS));
    }
  })();
  const begin = performance.now();
  await transfer();
  const seconds = (performance.now() - begin) / 1_000;
  done = true;
  await watching;
  const { cpuMs = Number.NaN } = await server.ask();
  return {
    rssMiB: most,
    growthMiB: Math.max(0, most - beforeMiB),
    mibPerSecond: BYTES / 2 ** 20 / seconds,
    cpuMs: cpuMs - cpuBeforeMs,
  };
}
