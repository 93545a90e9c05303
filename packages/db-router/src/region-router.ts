import type { EventSource, RouteExplanation, RouterSeam } from '@regionkit/core';
import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { BatchStatement } from './connection/batch.ts';
import type { Query } from './connection/query.ts';
import type { RouterEvents } from './events.ts';
import type { GateRouter } from './gate-seam.ts';
import type { PauseOptions, PauseResult } from './pause/pause-writes.ts';
import type { RouteReason } from './reasons.ts';
import type { RouterStats, RouterTopology } from './router-reports.ts';
import type { BatchOptions } from './statements/batches.ts';
import type { Transaction } from './statements/open-transaction.ts';
import type { TransactionOptions } from './statements/transactions.ts';

/** How a single statement waits. */
export interface StatementOptions {
  /**
   * Ends the wait for a node and for a connection to it: the error has the outcome `not-sent`. The signal of the scope does the
   * same. A read that is under way is cancelled on its server. A write that was sent goes on.
   */
  readonly signal?: AbortSignal;
}

export interface ScopeOptions {
  /** An earlier `token()`: what the job, message or connection must see. */
  readonly token?: string | undefined;
  /** `read`: `router.pool` is the replica inside the scope. @default 'write' */
  readonly access?: 'read' | 'write';
  /**
   * Ends the waits for a primary, a replica or a connection, with outcome `not-sent`. A signal of a single statement
   * does the same.
   */
  readonly signal?: AbortSignal;
}

/**
 * Routes statements to the databases of several regions. Made by `createRegionRouter`.
 *
 * All methods may be called concurrently. Every refusal has `error.outcome`, which tells what happened to the
 * statement.
 */
export interface RegionRouter<Name extends string = string>
  extends GateRouter<Name>,
    RouterSeam,
    EventSource<RouterEvents<Name>>,
    AsyncDisposable {
  /**
   * The pool of the primary, for an ORM. `connect()` refuses in the same cases as `write()`.
   *
   * @example
   * ```ts
   * const db = drizzle(router.primary);
   * ```
   */
  readonly primary: Pool;
  /**
   * The pool of the nearest node that is fresh enough.
   *
   * @example
   * ```ts
   * const { rows } = await router.replica.query('select id from orders');
   * ```
   */
  readonly replica: Pool;
  /**
   * The replica in a read scope (a GET behind the gate, `run({ access: 'read' })`), and the primary otherwise.
   *
   * @example
   * ```ts
   * const { rows } = await router.run({ access: 'read' }, () => router.pool.query('select id from orders'));
   * ```
   */
  readonly pool: Pool;
  /**
   * Resolves when reads can be served. It never waits for a primary. It waits for a database that is not running yet,
   * but not for one that refuses this process.
   *
   * @example
   * ```ts
   * await router.ready({ signal: AbortSignal.timeout(30_000) });
   * ```
   *
   * @throws {AbortedError | RouterClosedError} `signal` was aborted, or the router was closed.
   * @throws {NoReadableNodeError} Every database refuses this process. `cause` says why.
   */
  ready(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Runs one statement that reads, on the nearest node that has what the scope must see. It may be run again on another
   * node, because reads are safe to repeat.
   *
   * @example
   * ```ts
   * const { rows } = await router.read<{ id: number }>('select id from orders where customer = $1', [7]);
   * ```
   *
   * @throws {NoReadableNodeError} No node can serve a read.
   * @throws {NoPrimaryError} Only the primary could serve it, and there was none in time.
   * @throws {ReplicaBehindError | NotPrimaryRegionError} No reachable node has what it must see; the option `onBehind`
   * chooses the error. `NotPrimaryRegionError` also if it writes, and the policy does not run writes from this region.
   * @throws {NodeUnavailableError} The router could not connect to the node.
   * @throws {NodeFencedError} The node was fenced while the statement was running.
   * @throws {OutcomeUnknownError} The statement ran on the primary, may have written, and its outcome is unknown.
   * @throws {RolledBackError} The statement did not take effect, and retries did not help.
   * @throws {AdvisoryLockError} It takes an advisory lock, which has no effect on a standby.
   * @throws {TransactionLeftOpenError} It began a transaction and did not end it.
   * @throws {AbortedError} The signal was aborted. A running read is cancelled on its server: `rolled-back` on a standby,
   * `unknown` on the primary.
   * @throws {RouterClosedError} The router was closed before it was sent.
   * @throws {DatabaseError} What the server reports about the statement, as node-postgres does.
   * @throws {TypeError} `query` is a cursor, a stream or a `pg.Query`, or `values` is a callback. Nothing was sent.
   */
  read<Row extends QueryResultRow = QueryResultRow>(
    query: Query,
    values?: readonly unknown[],
    options?: StatementOptions,
  ): Promise<QueryResult<Row>>;
  /**
   * Runs one statement on the primary, or refuses it. It waits while there is no primary. It is run again only if it
   * certainly did not take effect.
   *
   * @example
   * ```ts
   * const { rowCount } = await router.write('update orders set paid = true where id = $1', [7]);
   * ```
   *
   * @throws {NoPrimaryError} There was no primary in time. Nothing was sent.
   * @throws {NotPrimaryRegionError} The policy does not run writes from this region. Nothing was sent.
   * @throws {NodeUnavailableError} The router could not connect to the primary. Nothing was sent.
   * @throws {NodeFencedError} The primary was fenced while the statement was running.
   * @throws {OutcomeUnknownError} It was sent, and it is not known whether it was executed.
   * @throws {RolledBackError} It did not take effect, and retries did not help.
   * @throws {TransactionLeftOpenError} It began a transaction and did not end it.
   * @throws {AbortedError | RouterClosedError} The signal was aborted, or the router was closed, before it was sent.
   * @throws {DatabaseError} What the server reports about the statement, as node-postgres does. `CALL` and `DO` are
   * never run again: what they committed while running stays.
   * @throws {TypeError} `query` is a cursor, a stream or a `pg.Query`, or `values` is a callback. Nothing was sent.
   */
  write<Row extends QueryResultRow = QueryResultRow>(
    query: Query,
    values?: readonly unknown[],
    options?: StatementOptions,
  ): Promise<QueryResult<Row>>;
  /**
   * Runs `fn` in one transaction on one connection. COMMIT when it returns, ROLLBACK when it throws. It runs once,
   * unless `retry` allows more: then it runs again after a conflict with another transaction, as
   * https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html advises, and `fn` must be safe to run
   * twice.
   *
   * @example
   * ```ts
   * await router.transaction(async (tx) => {
   *   await tx.query('update accounts set balance = balance - $1 where id = $2', [10, 1]);
   *   await tx.query('update accounts set balance = balance + $1 where id = $2', [10, 2]);
   * });
   * ```
   *
   * @throws what `fn` throws. Nothing took effect then.
   * @throws {RouterError} As `write()`. {@link OutcomeUnknownError}: COMMIT was sent and not answered.
   * @throws {RolledBackError} The transaction had failed before COMMIT.
   * @throws {NestedTransactionError} It was called inside the callback of another transaction.
   * @throws {TransactionLeakedError} The callback returned while its statements were running.
   * @throws {TransactionControlError} A text with several statements ended the transaction. Its outcome is unknown.
   */
  transaction<T>(fn: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Runs the statements as one transaction in one round trip: all or nothing. Returns their results in order.
   *
   * @example
   * ```ts
   * await router.batch([
   *   { text: 'insert into orders (id) values ($1)', values: [7] },
   *   { text: 'insert into outbox (order_id) values ($1)', values: [7] },
   * ]);
   * ```
   *
   * @throws {BatchStatementError} A statement cannot be part of a batch. Nothing was sent.
   * @throws {RouterError} As `write()`.
   */
  batch(statements: readonly BatchStatement[], options?: BatchOptions): Promise<readonly QueryResult[]>;
  /**
   * Runs `fn` in its own scope, as the write gate does for a request. For jobs, queues and websockets. If `fn` returns
   * a query builder, it is awaited inside the scope. Returns what `fn` returns.
   *
   * @example
   * ```ts
   * await router.run({ token: message.token, access: 'read' }, () => router.pool.query('select id from orders'));
   * ```
   */
  run<T>(options: ScopeOptions, fn: () => PromiseLike<T>): Promise<T>;
  run<T>(options: ScopeOptions, fn: () => T): T;
  /**
   * Returns a signed token for everything that the current scope must see, including its own writes. Undefined if there
   * is nothing, outside of a scope, or without a secret.
   *
   * @example
   * ```ts
   * await queue.send({ orderId: 7, token: router.token() });
   * ```
   */
  token(): string | undefined;
  /**
   * Returns the node, as `region/node`, of a client that one of the pools handed out: to cancel its statement there, or
   * to log it. Undefined for a client that was given back, or that belongs to another router.
   *
   * @example
   * ```ts
   * const client = await router.primary.connect();
   * console.log(router.nodeOf(client));
   * client.release();
   * ```
   */
  nodeOf(client: PoolClient): string | undefined;
  /**
   * Returns every node with its role, its lag and its place in the routing, and who is primary. Answers from memory. For a
   * status page, a metric or a test.
   *
   * @example
   * ```ts
   * const { state, nodes } = router.topology();
   * ```
   */
  topology(): RouterTopology<Name>;
  /**
   * Returns the fingerprints of the secrets that this router and its gate use with a region. `health.follow` compares
   * them between regions.
   *
   * @example
   * ```ts
   * const fingerprints = router.secrets('eu-west-1');
   * ```
   */
  secrets(peer: Name): Readonly<Record<string, readonly string[]>>;
  /**
   * Returns where a read or write would go now, and why. With `token`: a read that must see it. Answers from memory,
   * and does not count in the statistics.
   *
   * @example
   * ```ts
   * const { action, reason } = router.explain('write');
   * ```
   */
  explain(intent: 'read' | 'write', token?: string): RouteExplanation<RouteReason, Name>;
  /**
   * Returns the counters of the router since it was created, the writes that wait now, and the clients that are not given
   * back. Answers from memory.
   *
   * @example
   * ```ts
   * const { holding, leased } = router.stats();
   * ```
   */
  stats(): RouterStats;
  /**
   * Accepts the currently writable node as primary without confirmation. For operators. Resolves when it is accepted.
   *
   * @example
   * ```ts
   * await router.confirmPrimary();
   * ```
   *
   * @throws {NoPrimaryError} There is no writable node, or more than one.
   */
  confirmPrimary(): Promise<void>;
  /**
   * Declares the highest epoch void, because it came from a mistake (an accidental promotion, `pg_upgrade`). For
   * operators. Reports of it are ignored from now on, and the currently writable node is accepted. The other processes are
   * told through `view`. Resolves when every node was probed.
   *
   * @example
   * ```ts
   * await router.resetEpoch('eu-west-1 was promoted by mistake');
   * ```
   *
   * @param reason appears in the log and the event
   * @throws {NoPrimaryError} More than one node that this process reaches writes: stop the others first. Nothing was done.
   */
  resetEpoch(reason: string): Promise<void>;
  /**
   * Pauses the writes of all regions before a planned switchover: new ones are held in every process, those that have
   * begun end. For operators, in one process of the primary's region. Resolves when nothing is under way, or at
   * `drainTimeoutMs`; `waitingFor` then says why. The pause goes on until a new primary is known, `resumeWrites()` is
   * called, or `timeoutMs` is over. Other processes learn of it through `view`.
   *
   * @example
   * ```ts
   * const { drained, waitingFor } = await router.pauseWrites({ timeoutMs: 30_000 });
   * if (!drained) router.resumeWrites();
   * ```
   *
   * @throws {PauseRefusedError} This is not the region of the primary, or a pause is on or has just ended.
   * @throws {AbortedError} `signal` was aborted. A pause that has begun goes on.
   * @throws {TypeError | RangeError} An option is wrong. No pause has begun.
   */
  pauseWrites(options?: PauseOptions<Name>): Promise<PauseResult<Name>>;
  /**
   * Ends the pause of the writes in all regions, for example because the switchover failed. Returns whether one was on.
   * Works in each process of the region that has ordered it.
   *
   * @example
   * ```ts
   * router.resumeWrites();
   * ```
   */
  resumeWrites(): boolean;
  /**
   * Closes idle connections now, and the others when they become idle. Call it after a password or a name has changed.
   *
   * @example
   * ```ts
   * router.recycle();
   * ```
   */
  recycle(): void;
  /**
   * Stops probing and ends all waits. Running statements end by themselves; calls that wait for a connection are
   * refused. With `pools: true` the app's pools are ended too.
   *
   * @example
   * ```ts
   * await router.close({ pools: true });
   * ```
   */
  close(options?: { readonly pools?: boolean }): Promise<void>;
}
