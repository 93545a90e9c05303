import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

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

/** The kernel brings the figure up to date when the thread gives up the processor, so it sleeps first. */
async function processorMicros(): Promise<number> {
  await sleep(1);
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1_000;
  } catch {
    return Number.NaN;
  }
}
