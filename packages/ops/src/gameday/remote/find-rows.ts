import { setTimeout as sleep } from 'node:timers/promises';
import type { Sample } from '../measure/sample.ts';

/** Whether the app shows a row now. Undefined: it did not answer well. */
export type FindRow = (id: string) => Promise<boolean | undefined>;

const WIDTH = 8;
const PAUSE_MS = 250;

/**
 * Asks the app for the rows that the driver has written. An acknowledged one is asked for again until `withinMs` are
 * over, because a replica may be behind. Undefined: the app did not answer for one of them.
 */
export async function findRows(
  samples: readonly Sample[],
  find: FindRow,
  withinMs: number,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, number> | undefined> {
  const rows = new Map<string, number>();
  const deadlineMs = performance.now() + withinMs;
  const writes = samples.filter(({ kind, id }) => kind === 'write' && id !== undefined);
  let isKnown = true;
  const look = async ({ id = '', outcome }: Sample): Promise<void> => {
    for (;;) {
      const isThere = await find(id);
      if (isThere === true) return void rows.set(id, 1);
      const isLate = performance.now() > deadlineMs;
      if (isThere === false && (outcome !== 'ok' || isLate)) return;
      if (isLate) {
        isKnown = false;
        return;
      }
      await sleep(PAUSE_MS, undefined, { signal });
    }
  };
  const queue = writes.values();
  const work = async (): Promise<void> => {
    for (const write of queue) await look(write);
  };
  await Promise.all(Array.from({ length: WIDTH }, work));
  return isKnown ? rows : undefined;
}
