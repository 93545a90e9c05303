import pg, { type Pool, type PoolClient } from 'pg';
import type { Scope } from '../causality/scope.ts';
import type { Engine } from '../engine.ts';
import type { Entry } from '../entry.ts';
import type { Query, Values } from '../routing/run.ts';
import type { Statements } from '../routing/statements.ts';
import type { PoolNode } from '../topology/node.ts';
import type { Leases } from './lease.ts';

/** Which of the router's pools. `auto` is the replica in a read scope and the primary otherwise. */
export type FacadeKind = 'primary' | 'replica' | 'auto';

type Callback = (error: unknown, result?: unknown) => void;
type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  release: (error?: unknown) => void,
) => void;

/** What a facade does with what it is asked for. */
export interface FacadeBackend {
  query(query: Query, values: Values): Promise<unknown>;
  lease(onRelease: (error: unknown, client: PoolClient) => void): Promise<PoolClient>;
}

/**
 * A `pg.Pool` by `instanceof` and by name, because ORMs decide by both whether a transaction gets a client of its own. It
 * has no connections: `connect()` takes one from the pool of the node it picks, and refuses there, never at BEGIN.
 */
export class RegionPool extends pg.Pool {
  readonly #backend: FacadeBackend;

  constructor(options: pg.PoolConfig, backend: FacadeBackend) {
    super(options);
    this.#backend = backend;
  }

  override connect(callback?: ConnectCallback): never {
    const leased = this.#lease();
    if (callback === undefined) return leased as never;
    leased.then(
      (client) => process.nextTick(callback, undefined, client, client.release),
      (error: Error) => process.nextTick(callback, error, undefined, () => {}),
    );
    return undefined as never;
  }

  override query(query: unknown, values?: unknown, callback?: unknown): never {
    const isPlain = typeof query === 'string' || typeof (query as { text?: unknown } | null)?.text === 'string';
    if (!isPlain || typeof (query as { submit?: unknown }).submit === 'function' || this.ending) {
      // A cursor, a stream, or a mistake: the pool's own way, over `connect()`.
      return super.query(query as never, values as never, callback as never) as never;
    }
    const done = (typeof values === 'function' ? values : callback) as Callback | undefined;
    const result = this.#backend.query(query as Query, (typeof values === 'function' ? undefined : values) as Values);
    if (done === undefined) return result as never;
    result.then(
      (value) => process.nextTick(done, undefined, value),
      (error: unknown) => process.nextTick(done, error),
    );
    return undefined as never;
  }

  #lease(): Promise<PoolClient> {
    if (this.ending) return Promise.reject(new Error('Cannot use a pool after calling end on the pool'));
    const leased = this.#backend.lease((error, given) => this.emit('release', error as Error, given));
    return leased.then((client) => {
      this.emit('acquire', client);
      return client;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ending) await this.end();
  }
}

export interface FacadeOptions {
  readonly kind: FacadeKind;
  readonly engine: Engine;
  readonly entry: Entry;
  readonly statements: Statements;
  readonly leases: Leases;
  /** Nodes whose connections it counts as its own. */
  nodes(): readonly PoolNode[];
}

/** One of the router's three pools. */
export function createFacade(options: FacadeOptions): Pool {
  const { kind, engine, entry, statements, leases } = options;
  const reads = (scope: Scope | undefined): boolean =>
    kind === 'replica' || (kind === 'auto' && scope?.access === 'read');

  const pool = new RegionPool(ownOptions(engine), {
    query: (query, values) =>
      entry((caller) =>
        reads(caller.scope) ? statements.read(query, values, caller) : statements.write(query, values, caller),
      ),
    lease: (onRelease) =>
      entry((caller) => {
        const { scope, signal } = caller;
        const read = reads(scope);
        const leased = read ? statements.leaseForRead(caller) : statements.leaseForWrite(signal);
        return leased.then((given) =>
          leases.handOut(given, { scope, read, onRelease: (error) => onRelease(error, given.client) }),
        );
      }),
  });
  const sum = (count: (wrapped: Pool) => number) => ({
    get: () => options.nodes().reduce((total, node) => total + count(node.pool), 0),
  });
  Object.defineProperties(pool, {
    totalCount: sum(({ totalCount }) => totalCount),
    idleCount: sum(({ idleCount }) => idleCount),
    waitingCount: sum(({ waitingCount }) => waitingCount),
    expiredCount: sum(({ expiredCount }) => expiredCount),
  });
  passOn(pool, engine);
  return pool;
}

/** As the nearest pool has them: ORMs read host, database and `max`. The password stays out of sight. */
function ownOptions({ nodes, settings }: Engine): pg.PoolConfig {
  const own = nodes.find(({ region }) => region === settings.regions.self) ?? nodes[0];
  return own?.pool.options ?? {};
}

/** What happens to connections is told on the facade too; errors only to who listens, as nobody need. */
function passOn(pool: Pool, { nodes }: Engine): void {
  for (const node of nodes) {
    node.onPoolEvent((event, ...details) => {
      if (event === 'error' && pool.listenerCount('error') === 0) return;
      pool.emit(event, ...details);
    });
  }
}
