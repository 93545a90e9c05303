import { readdir } from 'node:fs/promises';
import { runner } from 'node-pg-migrate';
import { isRouterError, type RegionRouter } from 'regionkit/db-router';
import { schemaIsHere } from './schema.ts';

/**
 * The same job in every region, before its rollout: it migrates where the primary is, and waits elsewhere until the
 * standby has replayed it. Returns the names of the migrations that it ran.
 */
export async function migrate(router: RegionRouter, dir: string): Promise<readonly string[]> {
  const ran = await runOnPrimary(router, dir);
  const newest = (await readdir(dir))
    .toSorted()
    .at(-1)
    ?.replace(/\.\w+$/, '');
  if (newest !== undefined) await schemaIsHere(router, newest);
  return ran;
}

async function runOnPrimary(router: RegionRouter, dir: string): Promise<readonly string[]> {
  const client = await router.primary.connect().catch((error: unknown) => {
    if (isRouterError(error) && error.code === 'ERR_NOT_PRIMARY_REGION') return undefined;
    throw error;
  });
  if (client === undefined) return [];
  try {
    // Two jobs at once: the second fails on the advisory lock of node-pg-migrate, and is started again.
    const done = await runner({
      dbClient: client,
      dir,
      direction: 'up',
      migrationsTable: 'pgmigrations',
      log: () => {},
    });
    return done.map(({ name }) => name);
  } finally {
    client.release();
  }
}
