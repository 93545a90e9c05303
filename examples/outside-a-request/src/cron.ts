import type { RegionRouter, Transaction } from 'regionkit/db-router';

/** Does `work` once for `slot`, in all processes of all regions. The row of the slot is written in the same transaction. */
export async function oncePerSlot(
  router: RegionRouter,
  name: string,
  slot: Date,
  work: (tx: Transaction) => Promise<void>,
): Promise<boolean> {
  // From memory: in the regions of the standbys nothing is sent.
  if (router.topology().primary?.region !== router.self) return false;
  return router.transaction(async (tx) => {
    // Another process that does it at this moment holds the row. This one waits until that transaction has ended.
    const { rowCount } = await tx.query('insert into cron_runs (name, slot) values ($1, $2) on conflict do nothing', [
      name,
      slot,
    ]);
    if (rowCount === 0) return false;
    await work(tx);
    return true;
  });
}

/** Looks every second whether the work of the current slot is done. So a slot in which the primary died is done late. */
export function every(
  periodMs: number,
  router: RegionRouter,
  name: string,
  work: (tx: Transaction) => Promise<void>,
): () => void {
  let doneMs = 0;
  let running = false;
  const look = async (): Promise<void> => {
    const slotMs = Math.floor(Date.now() / periodMs) * periodMs;
    if (running || slotMs === doneMs || router.topology().primary?.region !== router.self) return;
    running = true;
    try {
      await oncePerSlot(router, name, new Date(slotMs), work);
      doneMs = slotMs;
    } catch (error) {
      console.error(`${name} is tried again:`, error); // not done, or not known: the row decides
    } finally {
      running = false;
    }
  };
  const timer = setInterval(() => void look(), 1_000);
  return () => clearInterval(timer);
}
