import type { Connection, PoolClient, QueryResult } from 'pg';
import type { Scope } from '../causality/scope.ts';
import { takesAdvisoryLock } from '../connection/advisory-lock.ts';
import { noteRefusal } from '../connection/ask.ts';
import { commit } from '../connection/commit.ts';
import { outcomeOf } from '../connection/outcome.ts';
import { isPartlyDone } from '../connection/protocol-state.ts';
import type { Query, Values } from '../connection/query.ts';
import { type Conversation, isSubmittable, type Queryable } from '../connection/submittable.ts';
import { controlsTransaction, isCommit, isOneStatement, mayCommit } from '../connection/transaction-control.ts';
import { followedByQuestion } from '../connection/whether-written.ts';
import { AdvisoryLockError, RolledBackError } from '../errors.ts';
import { behindRead, behindWrite, noteWritten, type PositionParts } from '../statements/position.ts';
import type { Leased } from '../statements/run.ts';
import { type Done, doneOf, layOver, reply, withoutCallback } from './lay-over.ts';

/** What is laid over the `query` of a client that was handed out. */
export interface Overlay {
  /** The position behind something that was written is on its way, on this very client. */
  readonly pending: Promise<void> | undefined;
  remove(): void;
}

const NOTHING: Overlay = { pending: undefined, remove: () => {} };

/**
 * What is laid over a client's `query`: the guard against a COMMIT that is none and, on a standby, against advisory locks;
 * in a scope, the position behind every statement that committed on the primary, or that was read where reads must not go
 * backwards.
 */
export function overlay(engine: PositionParts, leased: Leased, scope: Scope | undefined, read: boolean): Overlay {
  const guard = guardClient(leased);
  if (scope === undefined) return guard;
  // What was leased for reading may write, on the primary.
  const followed = leased.primary ? over(guard, followWrites(engine, leased, scope)) : guard;
  return read && engine.settings.monotonicReads ? over(followed, followReads(engine, leased, scope)) : followed;
}

/** Two overlays as one: the last one laid on is removed first. */
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
    if (!isCommit(textOf(config)) || isSubmittable(config)) return original.call(client, config, values, callback);
    // Its transaction had failed: PostgreSQL answers ROLLBACK, as if that were no failure.
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

/** The position behind everything that is read, or behind the transaction in which it is read. */
function followReads(engine: PositionParts, { client, node }: Leased, scope: Scope): Overlay {
  return follow(client, {
    learn: (raw) => behindRead(engine, node, raw, scope),
    hasPosition: () => true,
    onFailure: () => {},
  });
}

function followWrites(engine: PositionParts, { client, node }: Leased, scope: Scope): Overlay {
  const epoch = engine.live.topology.primary?.epoch;
  if (epoch === undefined) return NOTHING;

  return follow(client, {
    learn: (raw) => behindWrite(engine, node, raw, scope, epoch),
    expect: () => engine.scopes.awaitPosition(scope, epoch),
    hasPosition: (command) => command !== 'ROLLBACK',
    onFailure: (error, config, alone) => {
      // An error undoes what it met, not what the same message, or a procedure, had committed before. And a read that
      // looks whether it was done must not look at a node that may lack it.
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
  /** Learns the position, on the client's own connection. Never rejects. */
  learn(raw: Queryable): Promise<void>;
  /** A position is on its way of which the caller cannot be made to wait. What it returns is called once it is there. */
  expect?(): () => void;
  /** Whether there is a position to learn behind this command. */
  hasPosition(command: string | undefined): boolean;
  /** @param alone no transaction that was begun before is undone with it */
  onFailure(error: unknown, config: Query, alone: boolean): void;
  /** Sends a COMMIT and its position together. */
  commit?(raw: Queryable): Promise<unknown>;
}

/**
 * The position behind each statement, before the caller learns that the statement is done. It is asked for in the very
 * moment in which the client becomes ready, so that for the client the two are one piece of work.
 */
function follow(client: PoolClient, following: Following): Overlay {
  let pending: Promise<void> | undefined;
  const learn = (done: () => void): void => {
    const learning = following.learn(raw).then(() => {
      if (pending === learning) pending = undefined;
      done();
    });
    pending = learning;
  };
  const isAlone = (): boolean => client.getTransactionStatus?.() !== 'T';

  const followSubmitted = (conversation: Conversation): void => {
    const alone = isAlone();
    const { handleReadyForQuery: ready, handleError: failed } = conversation;
    conversation.handleReadyForQuery = (connection) => {
      if (!isIdle(client)) ready.call(conversation, connection);
      else {
        const arrived = following.expect?.();
        learn(() => {
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
    const followed = following.expect === undefined ? undefined : followedByQuestion(config, values as Values);
    let isAnswered = false;
    original.call(
      client,
      followed ?? config,
      followed === undefined ? values : undefined,
      (error: unknown, result: unknown) => {
        // For a value that does not serialise node-postgres calls back twice.
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
          learn(() => done(undefined, result));
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

/** Outside a transaction: what was done is committed. */
function isIdle(client: PoolClient): boolean {
  const status = client.getTransactionStatus?.();
  return status === 'I' || status === undefined;
}

/** What was done is committed: nothing is open, or only what was begun behind it, as by `COMMIT AND CHAIN`. */
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
