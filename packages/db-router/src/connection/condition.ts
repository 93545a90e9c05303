import type { Clock } from '@regionkit/core/kit';
import type { PoolClient } from 'pg';
import { acceptSession, isInTransaction, isQuiet, onNextReady, sessionState } from './protocol-state.ts';

/** Why the next user of a connection must not have it: mostly what its last user left behind. */
export type Condition =
  /** A statement that has not ended, a cursor that is open. */
  | 'under-way'
  /** A transaction that is open, or has failed. */
  | 'in-transaction'
  /** A session that its user made read-only. */
  | 'read-only-session'
  /**
   * It refused a write, and nobody made its session read-only: an operator did, or a pooler leads to a server that was
   * demoted, or the transaction was read-only itself. No user left anything behind.
   */
  | 'write-refused'
  /** Prepared statements that node-postgres and the server do not agree on. */
  | 'stale-statements';

/** What only a user of the connection can have left behind: a leak, which is told. */
export type LeftBehind = Exclude<Condition, 'write-refused' | 'stale-statements'>;

export function isLeftBehind(condition: Condition): condition is LeftBehind {
  return condition !== 'write-refused' && condition !== 'stale-statements';
}

/**
 * What keeps a connection from its next user; undefined: nothing does.
 *
 * @param inRecovery its node refuses writes as it should
 */
export function conditionOf(client: PoolClient, inRecovery: boolean): Condition | undefined {
  if (!isQuiet(client)) return 'under-way';
  if (isInTransaction(client)) return 'in-transaction';
  const { readOnlyChanged, writeRefused, statementsLost } = sessionState(client);
  if (readOnlyChanged) return 'read-only-session';
  if (writeRefused && !inRecovery) return 'write-refused';
  if (writeRefused) acceptSession(client);
  return statementsLost ? 'stale-statements' : undefined;
}

/**
 * Calls back when nothing is under way any more: at once if so, and after `withinMs` in any case. An error is told before
 * the server is ready again, and who forgot to wait for a statement wants it done.
 */
export function whenQuiet(client: PoolClient, clock: Clock, withinMs: number, done: () => void): void {
  if (isQuiet(client) || isEnded(client)) {
    done();
    return;
  }
  let settled = false;
  const settle = (): void => {
    if (settled) return;
    settled = true;
    cancel();
    onNextReady(client, undefined);
    done();
  };
  const cancel = clock.schedule(settle, withinMs);
  const look = (): void => {
    if (isQuiet(client) || isEnded(client)) settle();
  };
  onNextReady(client, look);
  // What node-postgres refused was never sent: no answer comes, and it is ready a tick later.
  process.nextTick(look);
}

function isEnded(client: PoolClient): boolean {
  return client.connection.stream.destroyed;
}
