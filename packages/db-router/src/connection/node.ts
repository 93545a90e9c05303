import type { Clock } from '@regionkit/core/kit';
import type { Pool, PoolClient } from 'pg';
import { NodeUnavailableError } from '../errors.ts';
import type { Reading, Readings } from '../topology/readings.ts';
import { cancelStatement } from './cancel.ts';
import { type Condition, conditionOf, whenIdle } from './condition.ts';
import { isConnectionIdle } from './driver-queues.ts';
import { createPairing, type Pairing } from './pairing.ts';
import { listenToPool, type PoolEvent, type PoolListener } from './pool-events.ts';
import { createPoolQueue } from './pool-queue.ts';
import { acceptSession, followProtocol, type SessionState } from './protocol-state.ts';
import { POOLED, readOnlySql } from './read-only-session.ts';

/** What is recorded for a connection. */
interface Stamp {
  /** The generation of the node at which it was verified; -1: never. */
  generation: number;
  readonly openedAtMs: number;
  readonly session: SessionState;
  /** It was handed out read-only, because its node was guarded. It is not handed out again. */
  isGuarded: boolean;
  /** The pool's own `release` while the client is handed out. Other code may wrap it. */
  releaseToPool: PoolClient['release'];
}

type Acquired = (error: unknown, client: PoolClient | undefined) => void;

/** One pool of the app, and every connection of it that the router uses. */
export interface PoolNode {
  readonly index: number;
  /** `region/node`. */
  readonly id: string;
  readonly region: string;
  readonly pool: Pool;
  /** The generation of the topology. A connection that was verified in another generation is verified again. */
  generation: number;
  /**
   * True if the node accepts writes but must not get any, because it is not certain to be the primary. Its connections
   * are then handed out read-only, and only once.
   */
  guarded: boolean;
  /** Whether the query for a position may go out in one write with its statement. */
  readonly pairing: Pairing;
  /**
   * Calls back with a connection to the known server of this node, or with an error; then nothing was sent. It calls
   * back in the async context of its caller, and never synchronously, unless the pool does.
   */
  acquire(done: Acquired): void;
  /**
   * Every client goes back through this function. With `destroy` it is closed. Otherwise it goes back when its
   * statements have ended, and only if its user left nothing that affects the next one.
   */
  release(client: PoolClient, destroy: boolean | Error): void;
  /** Cancels the statement that is under way on `client`, on its own server, and closes the connection afterwards. */
  cancel(client: PoolClient): void;
  /** Rejects all callers that wait for a connection, because the node cannot or must not be used. */
  rejectWaiting(error: Error): void;
  /** Destroys every connection, handed out or idle. Returns their number. */
  destroyAll(error: Error): number;
  /** The connections that were opened before then and are still open. */
  openedBefore(atMs: number): readonly PoolClient[];
  /** Closes idle connections that were opened before now. Others are closed when they become idle. */
  recycle(): void;
  /** Calls `listener` with the details of each such event of the pool's connections. */
  onPoolEvent(event: PoolEvent, listener: PoolListener): void;
  /** The number of open connections. */
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
  /** How long a statement on a returned connection may still run, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Whether the node is in recovery. It then refuses writes as it should. */
  inRecovery(): boolean;
  /** A connection was closed because of its condition. The next user must not get it. */
  onDiscard(why: Condition): void;
  /** A client goes back to its pool, or is closed. */
  onRelease(client: PoolClient): void;
  /** A sign that the role of the node has changed: a connection broke, or its server reports the end of recovery. */
  onSign(): void;
  /**
   * A connection has identified its server. Returns the generation in which it is verified. Undefined: this is not the
   * known server of this node.
   */
  onVerify(reading: Reading, sentAtMs: number): Promise<number | undefined>;
}

/** How many new connections are tried if they lead to another server or are not clean. */
const MAX_TRIES = 3;
/** Stays on a connection whose loss must not be reported to other code. */
const ignore = (): void => {};

/** Makes a node for a pool of the app. It hands out the connections of that pool. */
export function createPoolNode(options: PoolNodeOptions): PoolNode {
  const { index, id, region, pool, clock, readings } = options;
  const clients = new Set<PoolClient>();
  /** Another router may wrap the same pool, and may have verified its connections in another history. */
  const stamps = new WeakMap<PoolClient, Stamp>();
  let recycledAtMs = Number.NEGATIVE_INFINITY;

  const onParameterStatus = (message: { parameterName?: string }): void => {
    if (message.parameterName === 'in_hot_standby') options.onSign();
  };
  const notice = (client: PoolClient): Stamp => {
    const known = stamps.get(client);
    if (known !== undefined) return known;
    const stamp: Stamp = {
      generation: -1,
      openedAtMs: clock.now(),
      session: followProtocol(client),
      isGuarded: false,
      releaseToPool: client.release,
    };
    stamps.set(client, stamp);
    clients.add(client);
    // node-postgres emits this event on a client that is handed out, and also rejects its statement. Without a listener
    // the event would end the process.
    client.on('error', options.onSign);
    client.connection.on('parameterStatus', onParameterStatus);
    return stamp;
  };
  const events = listenToPool(pool, {
    onConnect: (client) => void notice(client),
    onRemove: (client) => void clients.delete(client),
  });

  const queue = createPoolQueue(pool, (client) => {
    take(client);
    release(client, false);
  });

  const take = (client: PoolClient): Stamp => {
    const stamp = notice(client);
    stamp.releaseToPool = client.release;
    return stamp;
  };
  const discard = (stamp: Stamp, why: Condition): void => {
    options.onDiscard(why);
    queue.release(stamp.releaseToPool, true);
  };

  const release = (client: PoolClient, destroy: boolean | Error): void => {
    const stamp = notice(client);
    if (destroy !== false || stamp.isGuarded) {
      options.onRelease(client);
      queue.release(stamp.releaseToPool, destroy === false ? true : destroy);
      return;
    }
    // Nearly always it is idle. Then nothing is allocated.
    if (isConnectionIdle(client)) giveBack(client, stamp);
    else whenIdle(client, clock, options.idleTimeoutMs, () => giveBack(client, stamp));
  };

  const giveBack = (client: PoolClient, stamp: Stamp): void => {
    options.onRelease(client);
    const why = conditionOf(client, stamp.session, options.inRecovery());
    if (isLost(client)) queue.release(stamp.releaseToPool, true);
    else if (why === undefined) queue.release(stamp.releaseToPool, false);
    else discard(stamp, why);
  };

  const acquire = (done: Acquired, tries: number): void => {
    queue.connect((error, client) => {
      if (client === undefined) done(error ?? new Error('the pool gave no client'), undefined);
      else receive(client, take(client), done, tries);
    });
  };

  /** The app may use the pool too, and may leave anything on its connections. */
  const receive = (client: PoolClient, stamp: Stamp, done: Acquired, tries: number): void => {
    if (isConnectionIdle(client)) inspect(client, stamp, done, tries);
    else whenIdle(client, clock, options.idleTimeoutMs, () => inspect(client, stamp, done, tries));
  };

  const inspect = (client: PoolClient, stamp: Stamp, done: Acquired, tries: number): void => {
    const isNew = stamp.generation === -1;
    if (isNew) acceptSession(client);
    const why = conditionOf(client, stamp.session, options.inRecovery());
    if (stamp.openedAtMs < recycledAtMs) {
      release(client, true);
      acquire(done, tries);
    } else if (why !== undefined) {
      discard(stamp, why);
      if (tries < MAX_TRIES || !isNew) acquire(done, tries + (isNew ? 1 : 0));
      else done(new NodeUnavailableError(id), undefined);
    } else if (stamp.generation === node.generation) handOut(client, done);
    else verify(client, stamp, done, tries);
  };

  /** A pool is not a server: after a DNS change a pooled connection may still lead to the old one. */
  const verify = (client: PoolClient, stamp: Stamp, done: Acquired, tries: number): void => {
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
        handOut(client, done);
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

  const handOut = (client: PoolClient, done: Acquired): void => {
    if (node.guarded) guard(client, done);
    else done(undefined, client);
  };

  /** This also covers writes inside a function, or in a transaction that the app declared read-only. */
  const guard = (client: PoolClient, done: Acquired): void => {
    notice(client).isGuarded = true;
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
    pairing: createPairing(clock),
    acquire: (done) => acquire(done, 0),
    release,
    cancel: (client) => cancelStatement(pool, client, clock, options.idleTimeoutMs, () => release(client, true)),
    rejectWaiting: queue.rejectWaiting,
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
          if (error === undefined && client !== undefined) release(client, take(client).openedAtMs < recycledAtMs);
        });
      }
    },
    onPoolEvent: events.on,
    get openCount() {
      return clients.size;
    },
    close: (error) => {
      queue.close(error);
      events.detach();
      for (const client of clients) {
        client.connection.off('parameterStatus', onParameterStatus);
        client.off('error', options.onSign);
        // It may still be handed out, with a statement under way.
        if (!client.listeners('error').includes(ignore)) client.on('error', ignore);
      }
    },
  };
  return node;
}

/** Its pool closes it. */
function isLost(client: PoolClient): boolean {
  return client.connection.stream.destroyed;
}
