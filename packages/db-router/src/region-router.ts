import type { DatabaseReport, Epoch, EventSource, Fork, RouteExplanation, RouterSeam } from '@regionkit/core';
import type { Pool, PoolClient, QueryResult, QueryResultRow } from 'pg';
import type { BatchStatement } from './connection/batch.ts';
import type { Query } from './connection/query.ts';
import type { Counters } from './counters.ts';
import type { RouterEvents } from './events.ts';
import type { GateRouter } from './gate-seam.ts';
import type { NodeState, RouteReason, TopologyState } from './reasons.ts';
import type { BatchOptions } from './statements/batches.ts';
import type { Transaction } from './statements/open-transaction.ts';
import type { TransactionOptions } from './statements/transactions.ts';

/** One node, as `topology()` tells of it. */
export interface NodeReport<Name extends string = string> {
  /** `region/node`. */
  readonly id: string;
  readonly region: Name;
  readonly state: NodeState;
  /** Whether it serves a read that asks for nothing in particular. */
  readonly readable: boolean;
  /** The timeline it is on, or a lower bound of it; 0 for unknown. */
  readonly timeline: number;
  readonly position: bigint;
  readonly lagMs?: number;
  readonly rttMs?: number;
  /** Why it could not be asked last: a SQLSTATE (28P01), an errno (ECONNREFUSED), or a word such as tls-not-supported. */
  readonly code?: string;
  /** The database it belongs to, in decimal. */
  readonly system?: string;
  /** Connections open to it through this router. */
  readonly connections: number;
}

/** What a router knows, judged. */
export interface RouterTopology<Name extends string = string> {
  /** Of this region's database: what health tells the other regions. */
  readonly local: DatabaseReport;
  /** `ready`: there is one primary. Anything else: why no write goes anywhere. */
  readonly state: TopologyState | 'stale-view';
  readonly primary?: {
    readonly region: Name;
    readonly epoch: Epoch;
    readonly position: bigint;
    /** `region/node`; absent when only documents tell of it. */
    readonly node?: string;
  };
  readonly highest?: Epoch;
  /** With the state `epoch-regressed`: the older epoch on which all nodes agree. */
  readonly regressed?: Epoch;
  readonly forks: readonly Fork[];
  readonly nodes: readonly NodeReport<Name>[];
}

/** What a router did, and what it has in hand. */
export interface RouterStats extends Readonly<Counters> {
  /** Writes that wait for a primary now. */
  readonly holding: number;
  /** Clients handed out by `connect()` and not back yet. */
  readonly leased: number;
}

/** How a single statement waits. */
export interface StatementOptions {
  /**
   * Ends the wait for a node and for a connection to it as `not-sent`, as the scope's own signal does. A read that is under
   * way is cancelled on its server; a write that was sent goes on.
   */
  readonly signal?: AbortSignal;
}

export interface ScopeOptions {
  /** What the job, message or connection must see: a `token()` of before. */
  readonly token?: string | undefined;
  /** `read`: `router.pool` is the replica inside. @default 'write' */
  readonly access?: 'read' | 'write';
  /** Ends what is held, or waits for a replica or a connection, as `not-sent`; so does a signal given with a statement. */
  readonly signal?: AbortSignal;
}

/**
 * Routes statements over the databases of several regions. Made by `createRegionRouter`.
 *
 * Everything may be called concurrently. What refuses says by `error.outcome` what became of the statement.
 */
export interface RegionRouter<Name extends string = string>
  extends GateRouter<Name>,
    RouterSeam,
    EventSource<RouterEvents>,
    AsyncDisposable {
  /** The pool of the primary, for an ORM. `connect()` refuses as `write()` does. */
  readonly primary: Pool;
  /** The pool of the nearest node that is fresh enough. */
  readonly replica: Pool;
  /** The replica in a read scope (a GET behind the gate, `run({ access: 'read' })`), the primary otherwise. */
  readonly pool: Pool;
  /**
   * Resolves when reads can be served; never waits for a primary. A database that is not there yet is waited for; one that
   * does not let this process in is not.
   * @throws {AbortedError | RouterClosedError}
   * @throws {NoReadableNodeError} no database lets this process in: `cause` says why
   */
  ready(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * One statement that reads, on the nearest node that has what the scope must see.
   *
   * ```ts
   * const { rows } = await router.read<{ id: number }>('select id from orders where customer = $1', [7]);
   * ```
   *
   * @throws {NoReadableNodeError | ReplicaBehindError | NotPrimaryRegionError | OutcomeUnknownError | AdvisoryLockError | AbortedError}
   * and what the server says of the statement, as node-postgres does
   */
  read<Row extends QueryResultRow = QueryResultRow>(
    query: Query,
    values?: readonly unknown[],
    options?: StatementOptions,
  ): Promise<QueryResult<Row>>;
  /**
   * One statement on the one real primary, or a refusal. Held while there is none; run again only when it is known not to
   * have happened.
   *
   * @throws {NoPrimaryError | NotPrimaryRegionError | NodeUnavailableError | OutcomeUnknownError | RolledBackError | AbortedError}
   * and what the server says of the statement, as node-postgres does. `CALL` and `DO` are never run again: what they had
   * committed on their way stays
   */
  write<Row extends QueryResultRow = QueryResultRow>(
    query: Query,
    values?: readonly unknown[],
    options?: StatementOptions,
  ): Promise<QueryResult<Row>>;
  /**
   * Runs `fn` in one transaction on one connection: COMMIT when it returns, ROLLBACK when it throws.
   *
   * @throws what `fn` throws; {@link RouterError}s as `write()` does, and `RolledBackError`, `NestedTransactionError`,
   * `TransactionLeakedError`; `OutcomeUnknownError` when COMMIT was sent and not answered
   */
  transaction<T>(fn: (tx: Transaction) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /**
   * Runs the statements as one transaction in one round trip: all or nothing.
   *
   * @throws {BatchStatementError} nothing was sent
   * @throws as `write()` does
   */
  batch(statements: readonly BatchStatement[], options?: BatchOptions): Promise<readonly QueryResult[]>;
  /**
   * Runs `fn` in a scope of its own, as the write gate does for a request: for jobs, queues, websockets. A query builder
   * that `fn` returns is awaited inside.
   */
  run<T>(options: ScopeOptions, fn: () => PromiseLike<T>): Promise<T>;
  run<T>(options: ScopeOptions, fn: () => T): T;
  /** Everything the current scope must see and wrote, signed; undefined for nothing, outside a scope, or without a secret. */
  token(): string | undefined;
  /**
   * The node, as `region/node`, on which a client is that one of the pools handed out: to cancel its statement there, or to
   * log it. Undefined for one that is back, or that is not of this router.
   */
  nodeOf(client: PoolClient): string | undefined;
  topology(): RouterTopology<Name>;
  /** What tells the secrets that this router and its gate have with a region from others: `health.follow` compares them. */
  secrets(peer: Name): Readonly<Record<string, readonly string[]>>;
  /** Where a read or write would go now, and why. With `token`, a read that must see it. From memory; counts nothing. */
  explain(intent: 'read' | 'write', token?: string): RouteExplanation<RouteReason>;
  stats(): RouterStats;
  /**
   * An operator's word: the node that is found to write now is the primary, though nothing confirms it. Resolves when it is
   * believed.
   * @throws {NoPrimaryError} there is no such node, or more than one
   */
  confirmPrimary(): Promise<void>;
  /**
   * An operator's word: the highest epoch is a mistake (an accidental promotion, `pg_upgrade`). It is void from now on,
   * whoever tells of it; what writes now is believed. Say it in every process. Resolves when every node was looked at.
   *
   * @param reason goes to the log and the event
   */
  resetEpoch(reason: string): Promise<void>;
  /** Closes the connections there are as they become idle: after a password changed, a name moved. */
  recycle(): void;
  /**
   * Stops looking and holding; statements under way end by themselves, what waits for a connection is refused. With
   * `pools: true` the wrapped pools are ended too.
   */
  close(options?: { readonly pools?: boolean }): Promise<void>;
}
