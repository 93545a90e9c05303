import type { RegionRouter } from 'regionkit/db-router';
import { schemaIsHere } from './schema.ts';

/**
 * What must be true before `listen()`. Nothing here needs the primary: while it is away, a process that is restarted must
 * still come up and serve reads. Throws, so the orchestrator starts the process again.
 */
export async function bootCheck(router: RegionRouter, migration: string, timeoutMs = 60_000): Promise<void> {
  await router.ready({ signal: AbortSignal.timeout(timeoutMs) });
  await schemaIsHere(router, migration, timeoutMs);
}
