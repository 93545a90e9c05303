import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Node } from './cluster.ts';

const EVERY_MS = 20;

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
      const answer = await pool.query<{ writes: boolean }>('select not pg_is_in_recovery() as writes').catch(() => {});
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
