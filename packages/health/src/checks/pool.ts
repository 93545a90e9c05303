import { check, dropRejection } from '@regionkit/core/kit';
import type { Check, CheckResult } from './check.ts';

/** The part of a `pg` pool that is used. */
export interface PoolLike {
  query(query: { text: string; query_timeout: number }): Promise<unknown>;
  /** With them, a pool whose clients are all in use is told from one whose server is silent. */
  on?(event: 'release', listener: (error?: unknown) => void): unknown;
  off?(event: 'release', listener: (error?: unknown) => void): unknown;
}

/** How much of the check's time is waited for an answer, so that the check can still say why there is none. */
const PATIENCE = 0.8;

const BUSY: CheckResult = { status: 'warn', message: 'busy: every client of the pool is in use' };

/**
 * A server answers on this pool. No more than that: a primary that was failed over and came back answers too. What the
 * region can do is for {@link routerCheck} to say.
 *
 * A pool that is busy is not broken: when the question finds no client in time while others come back from their queries,
 * it warns. One question is asked at a time; one that still waits for a client is not joined by another.
 *
 * @param text what to ask; cheap, and without a lock
 */
export function poolCheck(pool: PoolLike | (() => PoolLike), text = 'select 1'): Check {
  const get = typeof pool === 'function' ? pool : () => pool;
  if (typeof pool !== 'function')
    check.function('checks.pool: pool.query', check.object('checks.pool: pool', pool).query);
  check.string('checks.pool: text', text);
  let flight: Promise<void> | undefined;
  const ask = (asked: PoolLike, timeoutMs: number): Promise<void> => {
    // A pool takes no signal: the driver's own timeout frees the connection of a query that hangs.
    const answer = (async () => void (await asked.query({ text, query_timeout: timeoutMs })))();
    const ended = answer.finally(() => {
      flight = undefined;
    });
    // By the time it fails, the run that asked may have given up on it.
    ended.catch(() => {});
    return ended;
  };

  return async (_signal, { timeoutMs, clock }) => {
    const asked = dropRejection(get());
    let cameBack = 0;
    const onRelease = (error?: unknown): void => {
      // One that comes back with an error proves nothing.
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

/** `connectionTimeoutMillis` of a pool that is full: an error of the pool's own, without a code. */
function isPoolTimeout(error: unknown): boolean {
  return error instanceof Error && !('code' in error) && /timeout exceeded/.test(error.message);
}
