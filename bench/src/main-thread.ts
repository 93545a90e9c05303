import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Sample } from './sample.ts';

/**
 * Measures what the main thread of this process uses its processor for while `work` runs, in microseconds; its other
 * threads do not count. Time in which another process has the processor does not count either, which the utilisation
 * of the event loop would count. Linux only: not a number elsewhere.
 */
export async function mainThreadMicros(work: () => Promise<void>): Promise<number> {
  const before = await processorMicros();
  await work();
  return (await processorMicros()) - before;
}

/** Adds to a sample what a call takes of the time, and of the processor of the main thread. */
export async function withMainThread(measure: () => Sample | Promise<Sample>): Promise<Sample> {
  let sample: Sample = {};
  let calls = 0;
  const micros = await mainThreadMicros(async () => {
    const began = performance.now();
    sample = await measure();
    calls = ((sample['opsPerSecond'] ?? 0) * (performance.now() - began)) / 1_000;
  });
  return { ...sample, microsPerOp: 1e6 / (sample['opsPerSecond'] ?? 0), mainMicrosPerOp: micros / calls };
}

/**
 * What the main thread has used its processor for since it began. The kernel brings the figure up to date when the
 * thread gives up the processor, so it sleeps first.
 */
export async function processorMicros(): Promise<number> {
  await sleep(1);
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1_000;
  } catch {
    return Number.NaN;
  }
}
