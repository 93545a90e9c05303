import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Node } from './cluster.ts';

const EVERY_MS = 20;
/** pg_auto_failover lets a promoted node take no writes for a while: the old primary may be about to end. */
const TAKES_WRITES = `select not pg_is_in_recovery() and current_setting('default_transaction_read_only') = 'off' as writes`;

/** Sees when one of some standbys takes writes, past the router and its endpoints. */
export interface PromotionWatch extends AsyncDisposable {
  /** On `performance.now()`; undefined while none does. */
  readonly atMs: number | undefined;
}

export function watchPromotion(standbys: readonly Node[]): PromotionWatch {
  let atMs: number | undefined;
  let watching = true;
  const watch = async ({ url }: Node): Promise<void> => {
    const pool = new pg.Pool({ connectionString: url, max: 1, connectionTimeoutMillis: 1_000, query_timeout: 1_000 });
    pool.on('error', () => {});
    while (watching && atMs === undefined) {
      const answer = await pool.query<{ writes: boolean }>(TAKES_WRITES).catch(() => {});
      if (answer?.rows[0]?.writes === true) atMs ??= performance.now();
      else await sleep(EVERY_MS);
    }
    await pool.end();
  };
  const watches = standbys.map(watch);
  return {
    get atMs() {
      return atMs;
    },
    async [Symbol.asyncDispose]() {
      watching = false;
      await Promise.all(watches);
    },
  };
}
