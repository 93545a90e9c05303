import { setTimeout as sleep } from 'node:timers/promises';
import { isRegionKitError } from 'regionkit';
import type { RegionRouter } from 'regionkit/db-router';

/** Waits until the database of this region has replayed `migration`. The primary is not needed for it. */
export async function schemaIsHere(router: RegionRouter, migration: string, timeoutMs = 60_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await has(router, migration))) {
    if (Date.now() > deadline) throw new Error(`${router.self} has no migration ${migration} after ${timeoutMs} ms`);
    await sleep(200);
  }
}

async function has(router: RegionRouter, migration: string): Promise<boolean> {
  try {
    const { rowCount } = await router.read('select 1 from pgmigrations where name = $1', [migration]);
    return rowCount === 1;
  } catch (error) {
    const isMissingTable = (error as { code?: string }).code === '42P01';
    if (isMissingTable || isRegionKitError(error)) return false;
    throw error;
  }
}
