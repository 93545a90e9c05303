import { check, dropRejection } from '@regionkit/core/kit';
import type { Check, CheckResult } from './check.ts';

/** The part of a `pg` pool that this check uses. */
export interface PoolLike {
  query(query: { text: string; query_timeout: number }): Promise<unknown>;
  /** With it the check can tell a pool whose clients are all in use from one whose server is silent. */
  on?(event: 'release', listener: (error?: unknown) => void): unknown;
  off?(event: 'release', listener: (error?: unknown) => void): unknown;
}

/**
 * The part of the time limit for which the check waits for an answer. In the rest it can still report why there is
 * none.
 */
const PATIENCE = 0.8;

const BUSY: CheckResult = { status: 'warn', message: 'busy: every client of the pool is in use' };

/**
 * Checks that a server answers on this pool, and nothing more: an old primary that came back after a failover answers
 * too. Use {@link routerCheck} to check what the region can do.
 *
 * A busy pool is not broken. If the query gets no client in time while other clients are given back after their
 * queries, it warns. There is one query at a time. While it still waits for a client, no other is sent.
 *
 * @param text the query; use a cheap one without locks
 */
export function poolCheck(pool: PoolLike | (() => PoolLike), text = 'select 1'): Check {
  const get = typeof pool === 'function' ? pool : () => pool;
  if (typeof pool !== 'function')
    check.function('checks.pool: pool.query', check.object('checks.pool: pool', pool).query);
  check.string('checks.pool: text', text);
  let flight: Promise<void> | undefined;
  const ask = (asked: PoolLike, timeoutMs: number): Promise<void> => {
    // A pool takes no signal. The driver's own timeout frees the connection of a query that hangs.
    const answer = (async () => void (await asked.query({ text, query_timeout: timeoutMs })))();
    const ended = answer.finally(() => {
      flight = undefined;
    });
    // It may fail after its run has timed out.
    ended.catch(() => {});
    return ended;
  };

  return async (_signal, { timeoutMs, clock }) => {
    const asked = dropRejection(get());
    let cameBack = 0;
    const onRelease = (error?: unknown): void => {
      // A client that comes back with an error proves nothing.
      if (error === undefined || error === null || error === false) cameBack += 1;
    };
    let cancel = (): void => {};
    const late = new Promise<'late'>((resolve) => {
      cancel = clock.schedule(() => resolve('late'), timeoutMs * PATIENCE);
    });
    asked.on?.('release', onRelease);
    try {
      flight ??= ask(asked, timeoutMs);
      if ((await Promise.race([flight, late])) !== 'late') return undefined;
      if (cameBack > 0) return BUSY;
      return { status: 'fail', message: `no answer within ${Math.round(timeoutMs * PATIENCE)} ms` };
    } catch (error) {
      if (cameBack > 0 && isPoolTimeout(error)) return BUSY;
      throw error;
    } finally {
      cancel();
      asked.off?.('release', onRelease);
    }
  };
}

/** `connectionTimeoutMillis` of a full pool. It is the pool's own error, without a code. */
function isPoolTimeout(error: unknown): boolean {
  return error instanceof Error && !('code' in error) && /timeout exceeded/.test(error.message);
}
