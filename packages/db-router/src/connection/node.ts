import { AsyncLocalStorage } from 'node:async_hooks';
import type { Clock } from '@regionkit/core/kit';
import type { Pool, PoolClient } from 'pg';
import { NodeUnavailableError } from '../errors.ts';
import type { Reading, Readings } from '../topology/readings.ts';
import { cancelStatement } from './cancel.ts';
import { type Condition, conditionOf, whenQuiet } from './condition.ts';
import { listenToPool, type PoolListener } from './pool-events.ts';
import { acceptSession, followProtocol } from './protocol-state.ts';
import { POOLED, readOnlySql } from './read-only-session.ts';

/** What is noted on a connection. */
interface Stamp {
  /** Generation of the node on which it was verified; -1 for never. */
  generation: number;
  readonly openedAtMs: number;
  /** The pool's own `release` of the time it is handed out: another may lie over it. */
  giveBack: PoolClient['release'];
}

/** One pool of the app's, and every connection of it that passes through here. */
export interface PoolNode {
  readonly index: number;
  /** `region/node`. */
  readonly id: string;
  readonly region: string;
  readonly pool: Pool;
  /** Set after each change of the topology: a connection verified on another generation is verified again. */
  generation: number;
  /**
   * Set after each change of the topology: it could take a write and must not, as it is not certain to be the primary. Its
   * connections are then handed out read-only, and not used again.
   */
  guarded: boolean;
  /**
   * A connection that was verified to reach the server that is known under this node, or an error: nothing was sent then.
   * Never calls back before it returns, unless the pool does.
   */
  acquire(done: (error: unknown, client: PoolClient | undefined) => void): void;
  /**
   * The one door through which every client goes back. With `destroy` it is closed; without, when what is under way has
   * ended, and kept only if its user left nothing behind that changes what the next one does.
   */
  release(client: PoolClient, destroy: boolean | Error): void;
  /** Cancels the statement that is under way on `client`, on its own server, and closes the connection afterwards. */
  cancel(client: PoolClient): void;
  /** Who waits for a connection stops waiting: the node cannot be reached, or must not. */
  turnAway(error: Error): void;
  /** Destroys every connection, handed out or idle. Returns how many. */
  destroyAll(error: Error): number;
  /** The connections that were opened before then and are still open. */
  openedBefore(atMs: number): readonly PoolClient[];
  /** Connections opened before now are closed when they are idle. */
  recycle(): void;
  /** Calls `listener` with what the pool tells of its connections. */
  onPoolEvent(listener: PoolListener): void;
  /** Connections open now. */
  readonly openCount: number;
  /** Refuses who waits for a connection, and who asks for one later. No listener is left on the pool. */
  close(error: Error): void;
}

export interface PoolNodeOptions {
  readonly index: number;
  readonly id: string;
  readonly region: string;
  readonly pool: Pool;
  readonly clock: Clock;
  readonly readings: Readings;
  readonly verifyTimeoutMs: number;
  /** What is under way on a connection that is given back may take this long. */
  readonly quietTimeoutMs: number;
  /** Whether it is in recovery: then it refuses writes as it should. */
  inRecovery(): boolean;
  /** A connection was closed for its condition, which the next user must not meet. */
  onDiscard(why: Condition): void;
  /** A sign that the node is no longer what it was: a connection broke, or says that its server left recovery. */
  onSign(): void;
  /**
   * A connection was asked where it leads. Returns the generation it is verified on; undefined when that is not the server
   * known under this node.
   */
  onVerify(reading: Reading, sentAtMs: number): Promise<number | undefined>;
}

/** New connections that lead elsewhere, or are not clean from the start. */
const MAX_TRIES = 3;
/** Stays on a connection of which nobody else may hear that it was lost. */
const ignore = (): void => {};

/** Watches a pool of the app's and hands out its connections. */
export function createPoolNode(options: PoolNodeOptions): PoolNode {
  const { index, id, region, pool, clock, readings } = options;
  const clients = new Set<PoolClient>();
  /** Another router may wrap the same pool, and have verified its connections on another history. */
  const stamps = new WeakMap<PoolClient, Stamp>();
  const guardedClients = new WeakSet<PoolClient>();
  const waiting = new Set<(error: Error) => void>();
  const inBackground = AsyncLocalStorage.snapshot();
  let recycledAtMs = Number.NEGATIVE_INFINITY;
  let refusal: Error | undefined;

  const onParameterStatus = (message: { parameterName?: string }): void => {
    if (message.parameterName === 'in_hot_standby') options.onSign();
  };
  const notice = (client: PoolClient): Stamp => {
    const known = stamps.get(client);
    if (known !== undefined) return known;
    const stamp: Stamp = { generation: -1, openedAtMs: clock.now(), giveBack: client.release };
    stamps.set(client, stamp);
    clients.add(client);
    // node-postgres emits this on a client that was handed out, besides rejecting its statement: unheard, it would end
    // the process.
    client.on('error', options.onSign);
    followProtocol(client);
    client.connection.on('parameterStatus', onParameterStatus);
    return stamp;
  };
  const events = listenToPool(pool, {
    onConnect: (client) => void notice(client),
    onRemove: (client) => void clients.delete(client),
  });

  /** Waits in the pool's own queue, and leaves it when the node turns its callers away. */
  const open = (done: (error: unknown, client: PoolClient | undefined) => void): void => {
    if (refusal !== undefined) {
      done(refusal, undefined);
      return;
    }
    if (pool.idleCount > pool.waitingCount) {
      pool.connect((error, client) => done(error, client));
      return;
    }
    let left = false;
    const leave = (error: Error): void => {
      left = true;
      waiting.delete(leave);
      done(error, undefined);
    };
    waiting.add(leave);
    // It may open one, which outlives the request that needed it: in its context it would keep that for ever.
    inBackground(() =>
      pool.connect((error, client) => {
        if (left) {
          if (client === undefined) return;
          // Its pool goes on to the next caller within the release: of a long queue that left, each would go deeper.
          queueMicrotask(() => (refusal === undefined ? release(take(client), false) : client.release()));
          return;
        }
        waiting.delete(leave);
        done(error, client);
      }),
    );
  };

  const turnAway = (error: Error): void => {
    for (const leave of [...waiting]) leave(error);
  };

  const take = (client: PoolClient): PoolClient => {
    notice(client).giveBack = client.release;
    return client;
  };
  const discard = (client: PoolClient, why: Condition): void => {
    options.onDiscard(why);
    notice(client).giveBack(true);
  };

  const release = (client: PoolClient, destroy: boolean | Error): void => {
    if (destroy !== false || guardedClients.has(client)) {
      notice(client).giveBack(destroy === false ? true : destroy);
      return;
    }
    whenQuiet(client, clock, options.quietTimeoutMs, () => {
      const why = conditionOf(client, options.inRecovery());
      if (isLost(client)) notice(client).giveBack(true);
      else if (why === undefined) notice(client).giveBack();
      else discard(client, why);
    });
  };

  const acquire = (done: (error: unknown, client: PoolClient | undefined) => void, tries: number): void => {
    open((error, opened) => {
      if (opened === undefined) {
        done(error ?? new Error('the pool gave no client'), undefined);
        return;
      }
      const client = take(opened);
      // The app may use the pool as well, and leave on its connections what it likes.
      whenQuiet(client, clock, options.quietTimeoutMs, () => {
        const stamp = notice(client);
        const isNew = stamp.generation === -1;
        if (isNew) acceptSession(client);
        const why = conditionOf(client, options.inRecovery());
        if (stamp.openedAtMs < recycledAtMs) {
          release(client, true);
          acquire(done, tries);
        } else if (why !== undefined) {
          discard(client, why);
          if (tries < MAX_TRIES || !isNew) acquire(done, tries + (isNew ? 1 : 0));
          else done(new NodeUnavailableError(id), undefined);
        } else if (stamp.generation === node.generation) done(undefined, client);
        else verify(client, stamp, done, tries);
      });
    });
  };

  /** A pool is not a server: behind a name that moved, a pooled connection may still lead to the old one. */
  const verify = (
    client: PoolClient,
    stamp: Stamp,
    done: (error: unknown, client: PoolClient | undefined) => void,
    tries: number,
  ): void => {
    const sentAtMs = clock.now();
    const cancel = clock.schedule(
      () => client.connection.stream.destroy(new NodeUnavailableError(id)),
      options.verifyTimeoutMs,
    );
    const settle = (error: unknown, generation: number | undefined): void => {
      cancel();
      if (error !== undefined) {
        release(client, true);
        done(error, undefined);
      } else if (generation !== undefined) {
        stamp.generation = generation;
        done(undefined, client);
      } else {
        release(client, true);
        if (tries < MAX_TRIES) acquire(done, tries + 1);
        else done(new NodeUnavailableError(id), undefined);
      }
    };
    client
      .query<Record<string, unknown>>(readings.sql)
      .then(async ({ rows }) => options.onVerify(readings.parse(rows[0] ?? {}), sentAtMs))
      .then(
        (generation) => settle(undefined, generation),
        (error: unknown) => settle(error ?? new Error('verification failed'), undefined),
      );
  };

  /** Also where the app writes by a function, or in what it declared to be a read. */
  const guard = (client: PoolClient, done: (error: unknown, client: PoolClient | undefined) => void): void => {
    guardedClients.add(client);
    client.query(readOnlySql(client)).then(
      ({ rows }) => {
        if (rows.length > 0) return done(undefined, client);
        release(client, true);
        done(new NodeUnavailableError(id, new Error(POOLED)), undefined);
      },
      (error: unknown) => {
        release(client, true);
        done(error ?? new NodeUnavailableError(id), undefined);
      },
    );
  };

  const node: PoolNode = {
    index,
    id,
    region,
    pool,
    generation: 0,
    guarded: false,
    acquire: (done) =>
      acquire((error, client) => {
        if (client === undefined || !node.guarded) done(error, client);
        else guard(client, done);
      }, 0),
    release,
    cancel: (client) => cancelStatement(pool, client, clock, options.quietTimeoutMs, () => release(client, true)),
    turnAway,
    destroyAll: (error) => {
      for (const client of clients) client.connection.stream.destroy(error);
      const { size } = clients;
      return size;
    },
    openedBefore: (atMs) => [...clients].filter((client) => notice(client).openedAtMs < atMs),
    recycle: () => {
      recycledAtMs = clock.now();
      for (let idle = pool.idleCount; idle > 0; idle -= 1) {
        pool.connect((error, client) => {
          if (error === undefined && client !== undefined)
            release(take(client), notice(client).openedAtMs < recycledAtMs);
        });
      }
    },
    onPoolEvent: events.on,
    get openCount() {
      return clients.size;
    },
    close: (error) => {
      refusal = error;
      turnAway(error);
      events.detach();
      for (const client of clients) {
        client.connection.off('parameterStatus', onParameterStatus);
        client.off('error', options.onSign);
        // It may be out, with its last statement under way.
        if (!client.listeners('error').includes(ignore)) client.on('error', ignore);
      }
    },
  };
  return node;
}

/** Its pool closes it by itself. */
function isLost(client: PoolClient): boolean {
  return client.connection.stream.destroyed;
}
