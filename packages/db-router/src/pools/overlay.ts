import type { Connection, PoolClient, QueryResult } from 'pg';
import type { Scope } from '../causality/scope-state.ts';
import { takesAdvisoryLock } from '../connection/advisory-lock.ts';
import { commit } from '../connection/commit.ts';
import type { FollowedQuery } from '../connection/followed-query.ts';
import { outcomeOf } from '../connection/outcome.ts';
import type { Position } from '../connection/position-after.ts';
import { isPartlyDone } from '../connection/protocol-state.ts';
import type { Query, Values } from '../connection/query.ts';
import { noteRefusal } from '../connection/send.ts';
import { type Conversation, isSubmittable, type Queryable, sendUntimed } from '../connection/submittable.ts';
import { controlsTransaction, isCommit, isOneStatement, mayCommit } from '../connection/transaction-control.ts';
import { followedByQuestions } from '../connection/whether-written.ts';
import { AdvisoryLockError, RolledBackError } from '../errors.ts';
import { inThisContext } from '../in-this-context.ts';
import {
  noteWritten,
  type PositionParts,
  positionQuery,
  recordReadPosition,
  recordWritePosition,
} from '../statements/position.ts';
import type { Leased } from '../statements/run.ts';
import { type Done, doneOf, layOver, reply, withoutCallback } from './lay-over.ts';

/** What wraps the `query` of a client that is handed out. */
export interface Overlay {
  /** The query for the position of a write is running on this client. */
  readonly pending: Promise<void> | undefined;
  remove(): void;
}

const NOTHING: Overlay = { pending: undefined, remove: () => {} };

/**
 * Wraps a client's `query`. It detects a COMMIT that rolled back. On a standby it refuses advisory locks. In a scope it
 * reads the position after every statement that committed on the primary, and after reads if reads must not go back in
 * time.
 */
export function overlay(engine: PositionParts, leased: Leased, scope: Scope | undefined, read: boolean): Overlay {
  const guard = guardClient(leased);
  if (scope === undefined) return guard;
  // A client that was leased for reading may write on the primary.
  const followed = leased.primary ? over(guard, followWrites(engine, leased, scope)) : guard;
  return read && engine.settings.monotonicReads ? over(followed, followReads(engine, leased, scope)) : followed;
}

/** Combines two overlays. The last one is removed first. */
function over(lower: Overlay, upper: Overlay): Overlay {
  return {
    get pending() {
      return upper.pending;
    },
    remove: () => {
      upper.remove();
      lower.remove();
    },
  };
}

function guardClient({ client, primary }: Leased): Overlay {
  const { original, remove } = layOver(client, (config, values, callback) => {
    if (!primary && takesAdvisoryLock(config as never))
      return reply(doneOf(config, values, callback), (done) => process.nextTick(done, new AdvisoryLockError()));
    const send = (): unknown => original.call(client, config, values, callback);
    if (isSubmittable(config)) return sendUntimed(client, config, send);
    if (!isCommit(textOf(config))) return send();
    // Its transaction had failed. PostgreSQL answers ROLLBACK, as if that were a success.
    return reply(doneOf(config, values, callback), (done) => {
      original.call(client, withoutCallback(config), undefined, (error: unknown, result: unknown) => {
        if (error) done(error);
        else if (commandOf(result) === 'ROLLBACK') done(new RolledBackError('commit-said-rollback'));
        else done(undefined, result);
      });
    });
  });
  return { ...NOTHING, remove };
}

/** Reads the position after every read, or after the transaction of the read. */
function followReads(engine: PositionParts, { client, node }: Leased, scope: Scope): Overlay {
  return follow(client, {
    learn: (raw) => recordReadPosition(engine, node, raw, scope),
    hasPosition: () => true,
    onFailure: () => {},
  });
}

function followWrites(engine: PositionParts, { client, node }: Leased, scope: Scope): Overlay {
  const epoch = engine.live.topology.primary?.epoch;
  if (epoch === undefined) return NOTHING;

  return follow(client, {
    learn: (raw, known) =>
      known === undefined
        ? recordWritePosition(engine, node, raw, scope, epoch)
        : known.then((position) => recordWritePosition(engine, node, raw, scope, epoch, position)),
    questionsBehind: (config, values) =>
      followedByQuestions(client, config, values, positionQuery(engine, node, client)),
    expect: () => engine.scopes.awaitPosition(scope, epoch),
    hasPosition: (command) => command !== 'ROLLBACK',
    onFailure: (error, config, alone) => {
      // An error undoes its own statement, but not what the same text or a procedure committed before. A later read
      // that checks the result must not go to a node that may lack it.
      const stands = alone || controlsTransaction(textOf(config)) || !isOneStatement(config);
      const mayBeDone = isPartlyDone(error) || (stands && (mayCommit(config) || outcomeOf(error) === 'unknown'));
      if (mayBeDone) engine.scopes.noteWritten(scope, epoch, undefined);
    },
    commit: async (raw) => {
      const result = await commit(client, raw, engine.settings.readings.insertPositionSql);
      if (result.tag === 'ROLLBACK') throw new RolledBackError('commit-said-rollback');
      engine.writes.attached(node.index, result.senders);
      if (result.wrote) noteWritten(engine, node, scope, epoch, result.lsn);
      return { command: 'COMMIT', rowCount: null, oid: null, rows: [], fields: [] };
    },
  });
}

interface Following {
  /**
   * Reads the position on the client's own connection. Never rejects.
   *
   * @param known the position, if it comes with the statement
   */
  learn(raw: Queryable, known?: Promise<Position>): Promise<void>;
  /** The statement with what is asked in the same write. Undefined if there is nothing. */
  questionsBehind?(config: Query, values: Values): FollowedQuery | undefined;
  /**
   * A query for a position is running, and the caller cannot wait for it. Call the returned function when it is known.
   */
  expect?(): () => void;
  /** Whether there is a position to read after this command. */
  hasPosition(command: string | undefined): boolean;
  /** @param alone no earlier transaction is undone with it */
  onFailure(error: unknown, config: Query, alone: boolean): void;
  /** Sends COMMIT together with the query for its position. */
  commit?(raw: Queryable): Promise<unknown>;
}

/**
 * Reads the position after each statement, before the caller gets the result. The query is sent at the moment when the
 * client becomes ready, so that both count as one operation for the client.
 */
function follow(client: PoolClient, following: Following): Overlay {
  let pending: Promise<void> | undefined;
  const learn = (done: () => void, known?: Promise<Position>): void => {
    const learning = following.learn(raw, known).then(() => {
      if (pending === learning) pending = undefined;
      done();
    });
    pending = learning;
  };
  const isAlone = (): boolean => client.getTransactionStatus?.() !== 'T';
  /** The query of `learn` must go out before the client is idle for the next user, so it cannot wait for a reaction of the caller. */
  const learnAsCaller = (): typeof learn => inThisContext(learn);

  const followSubmitted = (conversation: Conversation): void => {
    const alone = isAlone();
    const learnLater = learnAsCaller();
    const { handleReadyForQuery: ready, handleError: failed } = conversation;
    conversation.handleReadyForQuery = (connection) => {
      if (!isIdle(client)) ready.call(conversation, connection);
      else {
        const arrived = following.expect?.();
        learnLater(() => {
          arrived?.();
          ready.call(conversation, connection);
        });
      }
    };
    conversation.handleError = (error: unknown, connection: Connection) => {
      following.onFailure(error, conversation as unknown as Query, alone);
      failed.call(conversation, error, connection);
    };
  };

  const ask = (config: Query, values: unknown, done: Done): void => {
    const alone = isAlone();
    if (following.commit !== undefined && isCommit(textOf(config))) {
      following.commit(raw).then(
        (result) => done(undefined, result),
        (error: unknown) => {
          following.onFailure(error, config, true);
          done(error);
        },
      );
      return;
    }
    const followed = following.questionsBehind?.(config, values as Values);
    // Inside a transaction there is no position yet.
    const learnLater = alone || controlsTransaction(textOf(config)) ? learnAsCaller() : learn;
    let isAnswered = false;
    original.call(
      client,
      followed ?? config,
      followed === undefined ? values : undefined,
      (error: unknown, result: unknown) => {
        // For a value that cannot be serialised, node-postgres calls back twice.
        if (isAnswered) return;
        isAnswered = true;
        if (error !== undefined && error !== null) {
          noteRefusal(client, error);
          following.onFailure(error, config, alone);
          done(error);
        } else if (
          followed?.wrote !== false &&
          hasCommitted(client, result) &&
          following.hasPosition(commandOf(result))
        ) {
          learnLater(() => done(undefined, result), followed?.position());
        } else done(undefined, result);
      },
    );
  };

  const { original, remove } = layOver(client, (config, values, callback) => {
    if (isSubmittable(config)) {
      followSubmitted(config);
      return original.call(client, config, values, callback);
    }
    const given = typeof values === 'function' ? undefined : values;
    return reply(doneOf(config, values, callback), (done) => ask(withoutCallback(config) as Query, given, done));
  });
  const raw = { query: original.bind(client) } as unknown as Queryable;
  return {
    get pending() {
      return pending;
    },
    remove,
  };
}

/** Outside a transaction: the statement is committed. */
function isIdle(client: PoolClient): boolean {
  const status = client.getTransactionStatus?.();
  return status === 'I' || status === undefined;
}

/** The statement is committed: nothing is open, or only what was begun after it, as with `COMMIT AND CHAIN`. */
function hasCommitted(client: PoolClient, result: unknown): boolean {
  const results = Array.isArray(result) ? result : [result];
  return isIdle(client) || results.some((one) => commandOf(one) === 'COMMIT');
}

function commandOf(result: unknown): string | undefined {
  return Array.isArray(result) ? undefined : (result as QueryResult | undefined)?.command;
}

function textOf(config: unknown): string {
  const text = typeof config === 'string' ? config : (config as { text?: unknown } | null)?.text;
  return typeof text === 'string' ? text : '';
}
