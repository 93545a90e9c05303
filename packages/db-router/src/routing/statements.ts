import type { PoolClient, QueryResult } from 'pg';
import type { Scope } from '../causality/scope.ts';
import { countRoute } from '../counters.ts';
import type { Engine } from '../engine.ts';
import {
  AbortedError,
  AdvisoryLockError,
  NodeUnavailableError,
  NoPrimaryError,
  NoReadableNodeError,
  NotPrimaryRegionError,
  OutcomeUnknownError,
  ReplicaBehindError,
  RouterClosedError,
} from '../errors.ts';
import { behindRead, behindWrite } from '../pools/position.ts';
import type { PoolNode } from '../topology/node.ts';
import { takesAdvisoryLock } from './advisory-lock.ts';
import { decideRead, has } from './decide.ts';
import { classify, type Failure, type FailurePlace } from './outcome.ts';
import type { Route } from './route.ts';

/** A statement as node-postgres takes it. */
export type Query = string | { readonly text: string; readonly values?: readonly unknown[] };
/** Its values, or undefined. */
export type Values = readonly unknown[] | undefined;

/** Single statements: routed, run, and run again when that is known to be safe. */
export interface Statements {
  read(query: Query, values: Values): Promise<QueryResult>;
  write(query: Query, values: Values, signal?: AbortSignal): Promise<QueryResult>;
  /** A connection for a read, pinned to the node that was chosen for it. */
  leaseForRead(scope: Scope | undefined): Promise<Leased>;
  /** A connection to the primary, or a refusal. */
  leaseForWrite(signal: AbortSignal | undefined): Promise<Leased>;
}

/** A connection, and where it leads. */
export interface Leased {
  readonly node: PoolNode;
  readonly client: PoolClient;
  /** It is on the primary in force: what is written on it has a position. */
  readonly primary: boolean;
}

const MAX_RERUNS = 3;
const MAX_TURN = 0x3fff_ffff;
const OPEN: FailurePlace = { phase: 'open', inRecovery: false };

export function createStatements(engine: Engine): Statements {
  const { live, nodes, scopes, counters, settings, events, clock } = engineParts(engine);
  let turn = 0;

  const inRecovery = (node: PoolNode): boolean => live.store.facts.nodes[node.index]?.reading?.inRecovery ?? false;

  const acquire = (node: PoolNode): Promise<PoolClient> =>
    new Promise((resolve, reject) => {
      node.acquire((error, client) => (client === undefined ? reject(error) : resolve(client)));
    });

  const retried = (intent: 'read' | 'write', { code }: Failure, node: PoolNode): void => {
    counters.retries += 1;
    if (events.wants('retry')) events.emit('retry', { intent, code, node: node.id });
  };

  const routed = (intent: 'read' | 'write', { reason }: Route, node: PoolNode): void => {
    countRoute(counters, reason);
    if (events.wants('route')) events.emit('route', { intent, reason, node: node.id });
  };

  const unknown = (node: PoolNode, cause: unknown): OutcomeUnknownError => {
    counters.unknown += 1;
    events.emit('outcome-unknown', { node: node.id });
    return new OutcomeUnknownError(node.id, cause);
  };

  /** The usual case, without a promise more than the caller's own. Anything unusual goes to `failed`. */
  const runFast = (
    node: PoolNode,
    query: Query,
    values: Values,
    still: () => boolean,
    resolve: (result: QueryResult) => void,
    failed: (error: unknown, phase: 'open' | 'moved' | 'statement', recovering: boolean) => void,
  ): void => {
    node.acquire((error, client) => {
      if (client === undefined) return failed(error, 'open', false);
      if (!still()) {
        node.release(client, false);
        return failed(undefined, 'moved', false);
      }
      // What it was when the statement was sent decides, not what it is when the failure is looked at.
      const recovering = inRecovery(node);
      send(client, query, values, (error, result) => {
        if (error === undefined || error === null) {
          node.release(client, leftOpen(client, node));
          resolve(result as QueryResult);
          return;
        }
        node.release(client, breaks(classify(error, { phase: 'statement', inRecovery: recovering })));
        failed(error, 'statement', recovering);
      });
    });
  };

  /** A statement that opens a transaction through a pool would hand it to whoever comes next. */
  const leftOpen = (client: PoolClient, node: PoolNode): boolean => {
    const status = client.getTransactionStatus?.();
    if (status === 'I' || status === null || status === undefined) return false;
    events.emit('leak', { node: node.id, why: 'in-transaction' });
    return true;
  };

  const needOf = (scope: Scope | undefined) => scope?.need;

  const read = (query: Query, values: Values): Promise<QueryResult> => {
    counters.reads += 1;
    const scope = scopes.current();
    const table = live.table;
    turn = (turn + 1) & MAX_TURN;
    const route = decideRead(table, needOf(scope), 0, turn, true);
    if (route.action !== 'run' || engine.closed || (settings.monotonicReads && scope !== undefined)) {
      return readSlowly(firstAttempt(query, values, scope));
    }
    const node = nodes[route.node] as PoolNode;
    if (takesAdvisoryLock(query) && inRecovery(node)) return Promise.reject(new AdvisoryLockError());
    routed('read', route, node);
    return new Promise((resolve, reject) => {
      const still = (): boolean =>
        live.table === table ||
        decideRead(live.table, needOf(scope), 0, turn, false).node === route.node ||
        stillHas(route, scope);
      runFast(node, query, values, still, resolve, (error, phase, recovering) => {
        if (phase === 'moved') {
          readSlowly(firstAttempt(query, values, scope)).then(resolve, reject);
          return;
        }
        afterReadFailure(error, node, phase, recovering, firstAttempt(query, values, scope)).then(resolve, reject);
      });
    });
  };

  /** The topology changed on the way: the node may serve this read all the same. */
  const stillHas = (route: Route, scope: Scope | undefined): boolean => {
    const { table } = live;
    const seat = [...table.locals, ...table.others].find(({ view }) => view.index === route.node);
    if (seat === undefined) return false;
    if (scope?.need === undefined) return true;
    return table.primary === seat || has(seat, scope.need, live.topology);
  };

  interface Attempt {
    readonly query: Query;
    readonly values: Values;
    readonly scope: Scope | undefined;
    readonly avoid: number;
    readonly reruns: number;
    /** How long it may be held, on the monotonic clock. */
    readonly deadlineMs: number;
  }

  const firstAttempt = (query: Query, values: Values, scope: Scope | undefined): Attempt => {
    const deadlineMs = clock.now() + settings.holdWritesMs;
    return { query, values, scope, avoid: 0, reruns: 0, deadlineMs };
  };

  const afterReadFailure = async (
    error: unknown,
    node: PoolNode,
    phase: 'open' | 'statement',
    recovering: boolean,
    attempt: Attempt,
  ): Promise<QueryResult> => {
    const failure = classify(error, { phase, inRecovery: recovering });
    const reruns = attempt.reruns + 1;
    if (failure.kind !== 'statement' && failure.kind !== 'timeout') engine.monitor.wake(node.index);
    const again = (): Promise<QueryResult> => {
      retried('read', failure, node);
      return readSlowly({ ...attempt, avoid: attempt.avoid | (1 << node.index), reruns }, error);
    };
    switch (failure.kind) {
      case 'not-sent':
        return again();
      case 'login':
        throw new NodeUnavailableError(node.id, error);
      case 'read-only':
        // It is no read: it belongs where writes go, if the policy lets it.
        retried('read', failure, node);
        return write(attempt.query, attempt.values, attempt.scope?.signal);
      case 'conflict':
        if (reruns > 1) throw error;
        return runOnPrimary(attempt, failure, node, error);
      case 'lost':
        if (failure.outcome === 'unknown') throw unknown(node, error);
        return again();
      default:
        throw error;
    }
  };

  /** Once, and never back to the standby whose recovery was in the way. */
  const runOnPrimary = async (
    attempt: Attempt,
    failure: Failure,
    from: PoolNode,
    error: unknown,
  ): Promise<QueryResult> => {
    const target = live.table.primary;
    if (target === undefined) throw error;
    retried('read', failure, from);
    return readOn(nodes[target.view.index] as PoolNode, { ...attempt, avoid: ~target.bit, reruns: MAX_RERUNS });
  };

  const readSlowly = async (attempt: Attempt, cause?: unknown): Promise<QueryResult> => {
    const route = await chooseRead(attempt, cause);
    const node = nodes[route.node] as PoolNode;
    if (takesAdvisoryLock(attempt.query) && inRecovery(node)) throw new AdvisoryLockError();
    routed('read', route, node);
    return readOn(node, attempt);
  };

  /** A node for a read, having waited for a standby if that can help, and for a primary if there is none. */
  const chooseRead = async (
    { scope, avoid, deadlineMs }: Pick<Attempt, 'scope' | 'avoid' | 'deadlineMs'>,
    cause?: unknown,
  ): Promise<Route> => {
    let mayWait = settings.tokenWaitMs > 0;
    let failed = avoid;
    for (;;) {
      if (engine.closed) throw new RouterClosedError();
      const need = needOf(scope);
      const route = decideRead(live.table, need, failed, turn, mayWait);
      switch (route.action) {
        case 'run':
          if (route.reason === 'stale') events.emit('stale-read', { node: nodes[route.node]?.id ?? '' });
          return route;
        case 'wait': {
          const reached = (): boolean => {
            const { localHolders } = live.table;
            const seat = localHolders.find(({ view }) => view.index === route.node);
            return seat !== undefined && need !== undefined && has(seat, need, live.topology);
          };
          await engine.watcher.wait(route.node, reached, settings.tokenWaitMs);
          mayWait = false;
          break;
        }
        case 'forward':
          throw new NotPrimaryRegionError(route.region ?? '', 'read');
        default:
          if (!(await mayHoldRead(failed, deadlineMs, scope?.signal))) {
            if (route.reason === 'replica-behind' && need !== undefined && cause === undefined) {
              throw new ReplicaBehindError(route.region === undefined ? {} : { region: route.region });
            }
            throw new NoReadableNodeError(cause);
          }
          failed = 0;
      }
    }
  };

  /**
   * Nothing serves this read at this moment. While there is no primary it is held for one, as a write is; where those that
   * could serve it have just failed, they are looked at again. False once its time is up: nothing was sent.
   */
  const mayHoldRead = async (failed: number, deadlineMs: number, signal: AbortSignal | undefined): Promise<boolean> => {
    if (live.topology.primary === undefined) {
      try {
        await engine.locate(deadlineMs, signal);
        return true;
      } catch (error) {
        if (error instanceof NoPrimaryError) return false;
        throw error;
      }
    }
    if (failed === 0 || clock.now() >= deadlineMs) return false;
    await engine.pause(settings.alertMs);
    return true;
  };

  const readOn = async (node: PoolNode, attempt: Attempt): Promise<QueryResult> => {
    const { query, values, scope } = attempt;
    let client: PoolClient;
    try {
      client = await acquire(node);
    } catch (error) {
      return afterReadFailure(error, node, 'open', false, attempt);
    }
    const seat = stillMay(node, scope);
    if (!seat) {
      node.release(client, false);
      return readSlowly({ ...attempt, avoid: attempt.avoid | (1 << node.index), reruns: attempt.reruns + 1 });
    }
    const recovering = inRecovery(node);
    try {
      const result = await ask(client, query, values);
      if (settings.monotonicReads && scope !== undefined) await behindRead(engine, node, client, scope);
      node.release(client, leftOpen(client, node));
      return result;
    } catch (error) {
      node.release(client, breaks(classify(error, { phase: 'statement', inRecovery: recovering })));
      return afterReadFailure(error, node, 'statement', recovering, attempt);
    }
  };

  const stillMay = (node: PoolNode, scope: Scope | undefined): boolean => {
    const { table } = live;
    const need = needOf(scope);
    const bit = 1 << node.index;
    const route = decideRead(table, need, ~bit, 0, false);
    return route.action === 'run' && route.node === node.index;
  };

  const write = (query: Query, values: Values, given?: AbortSignal): Promise<QueryResult> => {
    counters.writes += 1;
    const scope = scopes.current();
    const signal = given ?? scope?.signal;
    const route = engine.writeRoute();
    if (route.action !== 'run' || scope !== undefined || signal !== undefined || engine.closed) {
      return writeSlowly(query, values, scope, signal);
    }
    const node = nodes[route.node] as PoolNode;
    routed('write', route, node);
    return new Promise((resolve, reject) => {
      const still = (): boolean => engine.writeRoute().node === route.node;
      runFast(node, query, values, still, resolve, (error, phase, recovering) => {
        const first = phase === 'moved' ? undefined : { error, node, phase, recovering };
        writeSlowly(query, values, scope, signal, first).then(resolve, reject);
      });
    });
  };

  interface FirstFailure {
    readonly error: unknown;
    readonly node: PoolNode;
    readonly phase: 'open' | 'statement';
    readonly recovering: boolean;
  }

  const writeSlowly = async (
    query: Query,
    values: Values,
    scope: Scope | undefined,
    signal: AbortSignal | undefined,
    first?: FirstFailure,
  ): Promise<QueryResult> => {
    const deadlineMs = clock.now() + settings.holdWritesMs;
    let reruns = 0;
    if (first !== undefined) {
      await afterWriteFailure(first, deadlineMs, reruns);
      reruns += 1;
    }
    for (;;) {
      const route = await engine.locate(deadlineMs, signal);
      const { node, client } = await openForWrite(route, deadlineMs, signal);
      routed('write', live.table.write, node);
      const primary = live.topology.primary;
      const recovering = inRecovery(node);
      let result: QueryResult;
      try {
        result = await ask(client, query, values);
      } catch (error) {
        node.release(client, breaks(classify(error, { phase: 'statement', inRecovery: recovering })));
        await afterWriteFailure({ error, node, phase: 'statement', recovering }, deadlineMs, reruns);
        reruns += 1;
        continue;
      }
      const open = leftOpen(client, node);
      if (scope !== undefined && !open && primary !== undefined)
        await behindWrite(engine, node, client, scope, primary.epoch);
      node.release(client, open);
      return result;
    }
  };

  /** Returns if the statement may be run again: it is known not to have happened. */
  const afterWriteFailure = async (first: FirstFailure, deadlineMs: number, reruns: number): Promise<void> => {
    const { error, node, phase, recovering } = first;
    const failure = classify(error, { phase, inRecovery: recovering });
    switch (failure.kind) {
      case 'not-sent':
        await lookAgain(node, deadlineMs, error);
        break;
      case 'login':
        throw new NodeUnavailableError(node.id, error);
      case 'read-only':
      case 'conflict':
        if (reruns >= MAX_RERUNS) throw error;
        // On a new connection: a setting of the database or the role shows only there.
        engine.monitor.wake(node.index, { reconnect: true });
        await engine.monitor.look(node.index);
        break;
      case 'serialization':
        if (reruns >= MAX_RERUNS) throw error;
        break;
      case 'lost':
      case 'timeout':
        engine.monitor.wake(node.index);
        if (failure.outcome === 'unknown') throw unknown(node, error);
        throw error;
      default:
        if (failure.outcome === 'unknown') throw unknown(node, error);
        throw error;
    }
    retried('write', failure, node);
  };

  /** Nothing was sent: worth another try while there is time, after another look. */
  const lookAgain = async (node: PoolNode, deadlineMs: number, error: unknown): Promise<void> => {
    if (engine.closed) throw new RouterClosedError();
    await engine.monitor.look(node.index);
    if (clock.now() >= deadlineMs) throw new NodeUnavailableError(node.id, error);
    const { state } = live.topology.nodes[node.index] ?? { state: 'unknown' };
    // The node answers and yet gives no connection (too many, starting up): give it a moment.
    if (state === 'primary') await engine.pause(settings.alertMs);
  };

  const openForWrite = async (given: Route, deadlineMs: number, signal: AbortSignal | undefined): Promise<Leased> => {
    let route = given;
    for (;;) {
      if (route.action !== 'run') {
        engine.noteRefusal();
        throw new NotPrimaryRegionError(route.region ?? '');
      }
      const node = nodes[route.node] as PoolNode;
      try {
        const client = await acquire(node);
        const now = engine.writeRoute();
        if (now.action === 'run' && now.node === node.index && signal?.aborted !== true)
          return { node, client, primary: true };
        node.release(client, false);
        if (signal?.aborted === true) throw new AbortedError();
      } catch (error) {
        if (error instanceof AbortedError) throw error;
        if (classify(error, OPEN).kind === 'login') throw new NodeUnavailableError(node.id, error);
        await lookAgain(node, deadlineMs, error);
      }
      route = await engine.locate(deadlineMs, signal);
    }
  };

  const leaseForWriteSlowly = async (signal: AbortSignal | undefined): Promise<Leased> => {
    const deadlineMs = clock.now() + settings.holdWritesMs;
    const route = await engine.locate(deadlineMs, signal);
    const leased = await openForWrite(route, deadlineMs, signal);
    routed('write', live.table.write, leased.node);
    return leased;
  };

  const leaseForReadSlowly = async (scope: Scope | undefined): Promise<Leased> => {
    const deadlineMs = clock.now() + settings.holdWritesMs;
    let avoid = 0;
    let cause: unknown;
    for (;;) {
      const route = await chooseRead({ scope, avoid, deadlineMs }, cause);
      const node = nodes[route.node] as PoolNode;
      try {
        const client = await acquire(node);
        if (stillMay(node, scope)) {
          routed('read', route, node);
          return { node, client, primary: live.table.primary?.view.index === node.index };
        }
        node.release(client, false);
      } catch (error) {
        if (classify(error, OPEN).kind === 'login') throw new NodeUnavailableError(node.id, error);
        engine.monitor.wake(node.index);
        cause = error;
      }
      avoid |= 1 << node.index;
    }
  };

  /** The usual case: a connection of the very node, or else the long way from the start. Nothing was sent. */
  const leaseFast = (
    intent: 'read' | 'write',
    route: Route,
    still: (node: PoolNode) => boolean,
    slowly: () => Promise<Leased>,
  ): Promise<Leased> =>
    new Promise((resolve, reject) => {
      const node = nodes[route.node] as PoolNode;
      node.acquire((_error, client) => {
        if (client !== undefined && still(node)) {
          routed(intent, route, node);
          resolve({ node, client, primary: live.table.primary?.view.index === node.index });
          return;
        }
        if (client !== undefined) node.release(client, false);
        slowly().then(resolve, reject);
      });
    });

  return {
    read,
    write,
    leaseForWrite: (signal) => {
      const route = engine.writeRoute();
      if (route.action !== 'run' || signal !== undefined || engine.closed) return leaseForWriteSlowly(signal);
      const still = (node: PoolNode): boolean => engine.writeRoute().node === node.index;
      return leaseFast('write', route, still, () => leaseForWriteSlowly(signal));
    },
    leaseForRead: (scope) => {
      const { table } = live;
      turn = (turn + 1) & MAX_TURN;
      const route = decideRead(table, needOf(scope), 0, turn, true);
      if (route.action !== 'run' || route.reason === 'stale' || engine.closed) return leaseForReadSlowly(scope);
      const still = (node: PoolNode): boolean => live.table === table || stillMay(node, scope);
      return leaseFast('read', route, still, () => leaseForReadSlowly(scope));
    },
  };
}

function engineParts(engine: Engine) {
  const { live, nodes, scopes, counters, settings, events } = engine;
  return { live, nodes, scopes, counters, settings, events, clock: settings.clock };
}

type LooseQuery = (query: unknown, values: unknown, done: (error: unknown, result: unknown) => void) => void;

/** Calls back exactly once, also for what node-postgres throws at once. */
function send(client: PoolClient, query: Query, values: Values, done: (error: unknown, result: unknown) => void): void {
  try {
    (client.query as unknown as LooseQuery).call(client, query, values, done);
  } catch (error) {
    done(error, undefined);
  }
}

function ask(client: PoolClient, query: Query, values: Values): Promise<QueryResult> {
  return new Promise((resolve, reject) => {
    send(client, query, values, (error, result) => {
      if (error === undefined || error === null) resolve(result as QueryResult);
      else reject(error);
    });
  });
}

/** A failure after which the connection must not be used again. Everything else leaves it as good as new. */
function breaks({ kind }: Failure): boolean {
  return kind === 'lost' || kind === 'timeout' || kind === 'not-sent';
}
