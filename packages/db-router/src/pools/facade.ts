import { EventEmitter } from 'node:events';
import pg, { type Pool, type PoolClient } from 'pg';
import type { Scope } from '../causality/scope-state.ts';
import type { PoolNode } from '../connection/node.ts';
import { isPoolEvent, type PoolEvent } from '../connection/pool-events.ts';
import type { Query, Values } from '../connection/query.ts';
import { type Conversation, isSubmittable } from '../connection/submittable.ts';
import type { Engine } from '../engine/engine.ts';
import { createReactions, type Entry, type Reactions } from '../entry.ts';
import { NotPrimaryRegionError } from '../errors.ts';
import { decideRead } from '../routing/decide.ts';
import { shownAs } from '../shown.ts';
import type { Statements } from '../statements/statements.ts';
import { reply } from './lay-over.ts';
import type { Leases } from './lease.ts';
import { NO_HOST, refuseAsOptions } from './not-options.ts';
import { runSubmitted } from './submitted.ts';

/** One of the router's pools. `auto` is the replica in a read scope, and the primary otherwise. */
export type FacadeKind = 'primary' | 'replica' | 'auto';

// Taken when the module loads: a test that fakes timers later still gets its pool ended.
const { setImmediate } = globalThis;

type Callback = (error: unknown, result?: unknown) => void;
type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  release: (error?: unknown) => void,
) => void;

/** What a facade needs to serve its callers. */
export interface FacadeBackend {
  query(query: Query, values: Values, reactions: Reactions): Promise<unknown>;
  /** Returns the error that the caller gets. */
  errorOf(error: unknown): unknown;
  /** @param onRelease called when the client is given back, or given up */
  lease(onRelease: () => void, reactions: Reactions): Promise<PoolClient>;
}

/**
 * A `pg.Pool` by `instanceof` and by name, because ORMs use both to decide whether a transaction gets its own client.
 * It has no connections. `connect()` takes one from the pool of the chosen node. If it refuses, it does so there and
 * never at BEGIN.
 */
export class RegionPool extends pg.Pool {
  readonly #backend: FacadeBackend;
  /** Unfinished calls, and clients that are handed out. */
  #busy = 0;
  #ended: Promise<void> | undefined;
  #onIdle: () => void = () => {};
  readonly #end = (): void => {
    this.#busy -= 1;
    if (this.#busy === 0) this.#onIdle();
  };
  readonly #reactions: Reactions;
  /** A call that gets a client ends when the client is given back. */
  readonly #ofLease: Reactions;
  readonly host: string = NO_HOST;

  constructor(options: pg.PoolConfig, backend: FacadeBackend) {
    super(options);
    this.#backend = backend;
    this.#reactions = createReactions(this.#end, backend.errorOf);
    this.#ofLease = createReactions(this.#end, backend.errorOf, () => {});
    shownAs(this, 'RegionPool', () => {
      const { totalCount, idleCount, waitingCount, ending } = this;
      return { totalCount, idleCount, waitingCount, ending };
    });
  }

  get password(): never {
    return refuseAsOptions();
  }

  get evict(): never {
    return refuseAsOptions();
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
    const done = (typeof values === 'function' ? values : callback) as Callback | undefined;
    const given = (typeof values === 'function' ? undefined : values) as Values;
    if (isSubmittable(query)) return this.#submit(query, given, done) as never;
    if (!isPlain || this.ending) {
      // A mistake: the pool's own way, over `connect()`.
      return super.query(query as never, values as never, callback as never) as never;
    }
    this.#busy += 1;
    // One chain of promises. A second reaction to one of them would cut the error's stack off from the app.
    const result = this.#backend.query(query as Query, given, this.#reactions);
    if (done === undefined) return result as never;
    result.then(
      (value) => process.nextTick(done, undefined, value),
      (error: unknown) => process.nextTick(done, error),
    );
    return undefined as never;
  }

  #submit(query: Conversation, values: Values, callback: Callback | undefined): Promise<unknown> | undefined {
    return reply(callback, (done) => {
      this.#lease().then(
        (client) =>
          runSubmitted(client, query, values, (error, result) => {
            client.release();
            done(error, result);
          }),
        (error) => done(error),
      );
    });
  }

  #lease(): Promise<PoolClient> {
    if (this.ending) return Promise.reject(new Error('Cannot use a pool after calling end on the pool'));
    this.#busy += 1;
    return this.#backend.lease(this.#end, this.#ofLease);
  }

  /**
   * Accepts no more calls. Resolves when all calls are done and every client is back. The app's pools are not ended:
   * the app ends them, or `router.close({ pools: true })`.
   */
  override end(callback?: () => void): never {
    if (this.ending) {
      const error = new Error('Called end on pool more than once');
      if (callback === undefined) return Promise.reject(error) as never;
      (callback as (error: Error) => void)(error);
      return undefined as never;
    }
    const state = this as { ending: boolean; ended: boolean };
    state.ending = true;
    this.#ended = new Promise<void>((resolve) => {
      // The caller of the last query gets its answer first.
      this.#onIdle = () => setImmediate(resolve);
      if (this.#busy === 0) this.#onIdle();
    }).then(() => {
      state.ended = true;
    });
    if (callback === undefined) return this.#ended as never;
    void this.#ended.then(() => process.nextTick(callback));
    return undefined as never;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.ending) await this.end();
    else await this.#ended;
  }
}

export interface FacadeOptions {
  readonly kind: FacadeKind;
  readonly engine: Pick<Engine, 'nodes' | 'live' | 'routes' | 'settings' | 'scopes'>;
  readonly entry: Entry;
  readonly statements: Statements;
  readonly leases: Leases;
  /** The nodes whose connections it counts as its own. */
  nodes(): readonly PoolNode[];
}

/** One of the router's three pools. */
export function createFacade(options: FacadeOptions): Pool {
  const { kind, engine, entry, statements, leases } = options;
  const reads = (scope: Scope | undefined): boolean =>
    kind === 'replica' || (kind === 'auto' && scope?.access === 'read');

  /** Outside a scope `router.pool` is the pool of the primary. Tells a read how to reach a replica. */
  const errorOf = (error: unknown): unknown =>
    kind === 'auto' && error instanceof NotPrimaryRegionError && engine.scopes.current() === undefined
      ? new NotPrimaryRegionError(error.region, 'pool')
      : error;

  const pool = new RegionPool(
    {},
    {
      errorOf,
      query: (query, values, reactions) =>
        entry(
          (caller) =>
            reads(caller.scope) ? statements.read(query, values, caller) : statements.write(query, values, caller),
          undefined,
          reactions,
        ),
      lease: (onRelease, reactions) =>
        entry(
          (caller) => {
            const { scope } = caller;
            const read = reads(scope);
            const leased = read ? statements.leaseForRead(caller) : statements.leaseForWrite(caller);
            return leased.then((given) => leases.handOut(given, { scope, read, onRelease }));
          },
          undefined,
          reactions,
        ),
    },
  );
  const sum = (count: (wrapped: Pool) => number) => ({
    get: () => options.nodes().reduce((total, node) => total + count(node.pool), 0),
  });
  Object.defineProperties(pool, {
    totalCount: sum(({ totalCount }) => totalCount),
    idleCount: sum(({ idleCount }) => idleCount),
    waitingCount: sum(({ waitingCount }) => waitingCount),
    expiredCount: sum(({ expiredCount }) => expiredCount),
    // A library may open its own connection with these options: to cancel a statement, to listen.
    options: { get: () => serving(options).pool.options },
    Client: { get: () => (serving(options).pool as Pool & { readonly Client: unknown }).Client },
  });
  passOn(pool, options);
  return pool;
}

/** The node that its next client would come from, if one is known. */
function serving({ kind, engine }: FacadeOptions): PoolNode {
  const { nodes, live, routes, settings } = engine;
  const isRead = kind === 'replica' || (kind === 'auto' && engine.scopes.current()?.access === 'read');
  const index = isRead ? decideRead(routes.current, undefined, 0, 0, false).node : live.topology.primary?.node;
  const own = nodes.find(({ region }) => region === settings.regions.self);
  return (nodes[index ?? -1] ?? own ?? nodes[0]) as PoolNode;
}

/**
 * Emits the events of the connections that it counts as its own, and later events of a connection it has reported. Each
 * event of the wrapped pools is followed from the first listener for it on.
 */
function passOn(pool: Pool, { engine, nodes }: FacadeOptions): void {
  const told = new WeakSet<object>();
  const followed = new Set<unknown>();
  const follow = (event: PoolEvent): void => {
    for (const node of engine.nodes) {
      node.onPoolEvent(event, (...details) => {
        if (pool.listenerCount(event) === 0) return;
        const client = details.find((detail) => detail instanceof EventEmitter);
        if (client === undefined || !(told.has(client) || nodes().includes(node))) return;
        told.add(client);
        pool.emit(event, ...details);
      });
    }
  };
  beforeListener(pool, (event) => {
    if (followed.has(event) || !isPoolEvent(event)) return;
    followed.add(event);
    follow(event);
  });
}

/** Calls `run` with the event before each new listener. The event `newListener` would end with `removeAllListeners()`. */
function beforeListener(emitter: EventEmitter, run: (event: unknown) => void): void {
  // What else adds a listener calls one of these.
  for (const add of ['on', 'addListener', 'prependListener'] as const) {
    const original = emitter[add];
    Object.defineProperty(emitter, add, {
      value: function (this: EventEmitter, ...given: Parameters<typeof original>) {
        run(given[0]);
        return original.apply(this, given);
      },
      configurable: true,
      writable: true,
    });
  }
}
