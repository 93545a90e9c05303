import { check } from '@regionkit/core/kit';
import type { Check } from './check.ts';

/** The part of a `pg` pool that is used. */
export interface PoolLike {
  query(query: { text: string; query_timeout: number }): Promise<unknown>;
}

/**
 * A server answers on this pool. No more than that: a primary that was failed over and came back answers too. What the
 * region can do is for {@link routerCheck} to say.
 *
 * @param text what to ask; cheap, and without a lock
 */
export function poolCheck(pool: PoolLike | (() => PoolLike), text = 'select 1'): Check {
  const get = typeof pool === 'function' ? pool : () => pool;
  if (typeof pool !== 'function')
    check.function('checks.pool: pool.query', check.object('checks.pool: pool', pool).query);
  check.string('checks.pool: text', text);
  // A pool takes no signal: the driver's own timeout frees the connection of a query that hangs.
  return async (_signal, { timeoutMs }) => {
    await get().query({ text, query_timeout: timeoutMs });
  };
}
