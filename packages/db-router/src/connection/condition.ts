import type { Clock } from '@regionkit/core/kit';
import type { PoolClient } from 'pg';
import { inThisContext } from '../in-this-context.ts';
import { isConnectionIdle, isInTransaction } from './driver-queues.ts';
import { acceptSession, onNextReady, type SessionState } from './protocol-state.ts';

/** Why the next user must not get a connection. Mostly: what its last user left on it. */
export type Condition =
  /** A statement that has not ended, or an open cursor. */
  | 'under-way'
  /** A transaction that is open or has failed. */
  | 'in-transaction'
  /** A session that its user made read-only. */
  | 'read-only-session'
  /**
   * The session refused a write, and no user made it read-only: an operator did, or a pooler leads to a demoted server,
   * or the transaction was read-only. No user left anything on it.
   */
  | 'write-refused'
  /** node-postgres and the server disagree about the prepared statements. */
  | 'stale-statements';

/** What only a user of the connection can leave on it. It is reported as a leak. */
export type LeftBehind = Exclude<Condition, 'write-refused' | 'stale-statements'>;

export function isLeftBehind(condition: Condition): condition is LeftBehind {
  return condition !== 'write-refused' && condition !== 'stale-statements';
}

/**
 * Why a connection must not go to its next user. Undefined: it may.
 *
 * @param inRecovery the node is a standby, so it refuses writes as it should
 */
export function conditionOf(client: PoolClient, session: SessionState, inRecovery: boolean): Condition | undefined {
  if (!isConnectionIdle(client)) return 'under-way';
  if (isInTransaction(client)) return 'in-transaction';
  const { readOnlyChanged, writeRefused, statementsLost } = session;
  if (readOnlyChanged) return 'read-only-session';
  if (writeRefused && !inRecovery) return 'write-refused';
  if (writeRefused) acceptSession(client);
  return statementsLost ? 'stale-statements' : undefined;
}

/**
 * Calls back when a connection that is not idle becomes so: at once if it has ended, and after `withinMs` at the latest. An error
 * arrives before the server is ready again, and a caller that did not await a statement still expects it to run. The
 * call back runs in the context of the caller, as if there was no wait.
 */
export function whenIdle(client: PoolClient, clock: Clock, withinMs: number, done: () => void): void {
  if (isEnded(client)) {
    done();
    return;
  }
  const tell = inThisContext(done);
  let settled = false;
  const settle = (): void => {
    if (settled) return;
    settled = true;
    cancel();
    onNextReady(client, undefined);
    tell();
  };
  const cancel = clock.schedule(settle, withinMs);
  const check = (): void => {
    if (isConnectionIdle(client) || isEnded(client)) settle();
  };
  onNextReady(client, check);
  // node-postgres refused it and sent nothing. No answer comes, and the client is ready a tick later.
  process.nextTick(check);
}

function isEnded(client: PoolClient): boolean {
  return client.connection.stream.destroyed;
}
