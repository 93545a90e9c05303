import type { Epoch } from '@regionkit/core';
import type { PoolClient, QueryResult } from 'pg';
import { needOf, type Scope } from '../causality/scope.ts';
import { takesAdvisoryLock } from '../connection/advisory-lock.ts';
import type { PoolNode } from '../connection/node.ts';
import { breaks, classify, type Failure } from '../connection/outcome.ts';
import { isNamed, type Query, unprepared, type Values } from '../connection/query.ts';
import { isOneStatement } from '../connection/transaction-control.ts';
import { askWhetherWritten } from '../connection/whether-written.ts';
import type { Engine } from '../engine.ts';
import type { Caller } from '../entry.ts';
import {
  AbortedError,
  AdvisoryLockError,
  NoPrimaryError,
  NoReadableNodeError,
  NotPrimaryRegionError,
  ReplicaBehindError,
  RolledBackError,
  RouterClosedError,
} from '../errors.ts';
import { decideRead, has } from '../routing/decide.ts';
import type { Route } from '../routing/route.ts';
import { behindRead, behindWrite } from './position.ts';
import { type Leased, MAX_RERUNS, type Runner, refusalOf } from './run.ts';
import type { Writes } from './writes.ts';

/** Reads: on the nearest node that is fresh enough, and on another one if that is known to be safe. */
export interface Reads {
  read(query: Query, values: Values, caller: Caller): Promise<QueryResult>;
  /** A connection for a read, pinned to the node that was chosen for it. */
  leaseForRead(caller: Caller): Promise<Leased>;
}

const MAX_TURN = 0x3fff_ffff;

export function createReads(engine: Engine, runner: Runner, { write }: Pick<Writes, 'write'>): Reads {
  const { live, routes, nodes, counters, settings, events } = engine;
  const { clock } = settings;
  const { acquire, inRecovery, retried, routed, runFast, unknown } = runner;
  let turn = 0;

  const read = (query: Query, values: Values, caller: Caller): Promise<QueryResult> => {
    counters.reads += 1;
    const { scope, signal } = caller;
    const table = routes.current;
    turn = (turn + 1) & MAX_TURN;
    const route = decideRead(table, needOf(scope), 0, turn, true);
    const isUsual = route.action === 'run' && route.reason !== 'stale' && signal === undefined && !engine.closed;
    // On the primary it may write after all, and the scope must know of that.
    const isFollowed = scope !== undefined && (settings.monotonicReads || route.node === live.topology.primary?.node);
    if (!isUsual || isFollowed) {
      return readSlowly(firstAttempt(query, values, caller));
    }
    const node = nodes[route.node] as PoolNode;
    if (takesAdvisoryLock(query) && inRecovery(node)) return Promise.reject(new AdvisoryLockError());
    routed('read', route, node);
    return new Promise((resolve, reject) => {
      const still = (): boolean =>
        routes.current === table ||
        decideRead(routes.current, needOf(scope), 0, turn, false).node === route.node ||
        stillHas(route, scope);
      runFast(node, query, values, still, resolve, (error, phase, recovering) => {
        if (phase === 'moved') {
          readSlowly(firstAttempt(query, values, caller)).then(resolve, reject);
          return;
        }
        afterReadFailure(error, node, phase, recovering, firstAttempt(query, values, caller)).then(resolve, reject);
      });
    });
  };

  /** The topology changed on the way: the node may serve this read all the same. */
  const stillHas = (route: Route, scope: Scope | undefined): boolean => {
    const table = routes.current;
    const seat = [...table.locals, ...table.others].find(({ view }) => view.index === route.node);
    if (seat === undefined) return false;
    const need = needOf(scope);
    return need === undefined || table.primary === seat || has(seat, need, live.topology);
  };

  interface Attempt {
    readonly query: Query;
    readonly values: Values;
    readonly caller: Caller;
    readonly avoid: number;
    readonly reruns: number;
    /** How long it may be held, on the monotonic clock. */
    readonly deadlineMs: number;
  }

  const firstAttempt = (query: Query, values: Values, caller: Caller): Attempt => {
    const deadlineMs = clock.now() + settings.holdWritesMs;
    return { query, values, caller, avoid: 0, reruns: 0, deadlineMs };
  };

  const afterReadFailure = async (
    error: unknown,
    node: PoolNode,
    phase: 'open' | 'statement',
    recovering: boolean,
    attempt: Attempt,
    epoch?: Epoch,
  ): Promise<QueryResult> => {
    const failure = classify(error, { phase, inRecovery: recovering });
    const reruns = attempt.reruns + 1;
    if (failure.kind !== 'statement' && failure.kind !== 'timeout') engine.monitor.wake(node.index);
    const again = (): Promise<QueryResult> => {
      retried('read', failure, node);
      return readSlowly({ ...attempt, avoid: attempt.avoid | (1 << node.index), reruns }, error);
    };
    const { scope } = attempt.caller;
    // It may have written: who looks whether it did must not look behind it.
    if (failure.outcome === 'unknown' && scope !== undefined && epoch !== undefined)
      engine.scopes.noteWritten(scope, epoch, undefined);
    switch (failure.kind) {
      case 'not-sent':
        return again();
      case 'login':
      case 'refused':
        throw refusalOf(node, error);
      case 'stale-statement':
        if (reruns > MAX_RERUNS || !isNamed(attempt.query)) throw error;
        retried('read', failure, node);
        return readSlowly({ ...attempt, query: unprepared(attempt.query), reruns }, error);
      case 'read-only':
        if (!isUndoneFor(attempt, recovering)) throw error;
        // It is no read: it belongs where writes go, if the policy lets it.
        retried('read', failure, node);
        return write(attempt.query, attempt.values, attempt.caller);
      case 'conflict':
        if (reruns > 1) throw error;
        return runOnPrimary(attempt, failure, node, error);
      case 'ended':
        if (reruns > 1 || !isUndoneFor(attempt, recovering)) throw new RolledBackError('connection-lost', error);
        return again();
      case 'lost':
        if (failure.outcome === 'unknown') throw unknown(node, error);
        return again();
      default:
        throw error;
    }
  };

  /** In recovery nothing was done. Elsewhere only what is one statement is certain to have been undone. */
  const isUndoneFor = ({ query, values }: Attempt, recovering: boolean): boolean =>
    recovering || isOneStatement(query, values);

  /** Once, and never back to the standby whose recovery was in the way. */
  const runOnPrimary = async (
    attempt: Attempt,
    failure: Failure,
    from: PoolNode,
    error: unknown,
  ): Promise<QueryResult> => {
    const target = routes.current.primary;
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
    { caller: { scope, signal }, avoid, deadlineMs }: Pick<Attempt, 'caller' | 'avoid' | 'deadlineMs'>,
    cause?: unknown,
  ): Promise<Route> => {
    let mayWait = settings.tokenWaitMs > 0;
    let failed = avoid;
    for (;;) {
      if (engine.closed) throw new RouterClosedError();
      if (signal?.aborted === true) throw new AbortedError();
      const need = needOf(scope);
      const route = decideRead(routes.current, need, failed, turn, mayWait);
      switch (route.action) {
        case 'run':
          if (route.reason === 'stale') events.emit('stale-read', { node: nodes[route.node]?.id ?? '' });
          return route;
        case 'wait':
          await engine.reach.await(route, need, signal);
          mayWait = false;
          break;
        case 'forward':
          throw new NotPrimaryRegionError(route.region ?? '', 'read');
        default:
          if (!(await mayHoldRead(failed, deadlineMs, signal))) {
            if (route.reason === 'replica-behind' && need !== undefined && cause === undefined) {
              throw new ReplicaBehindError(route.region === undefined ? {} : { region: route.region });
            }
            throw new NoReadableNodeError(cause ?? engine.whyUnreachable());
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
    const { query, values } = attempt;
    const { scope, signal } = attempt.caller;
    let client: PoolClient;
    try {
      client = await acquire(node, signal);
    } catch (error) {
      if (error instanceof AbortedError) throw error;
      return afterReadFailure(error, node, 'open', false, attempt);
    }
    const seat = stillMay(node, scope);
    if (!seat) {
      node.release(client, false);
      return readSlowly({ ...attempt, avoid: attempt.avoid | (1 << node.index), reruns: attempt.reruns + 1 });
    }
    const recovering = inRecovery(node);
    const { primary } = live.topology;
    const epoch = scope !== undefined && primary?.node === node.index ? primary.epoch : undefined;
    try {
      const { result, wrote } = await askWhetherWritten(client, query, values, epoch !== undefined);
      if (epoch !== undefined && scope !== undefined && wrote) await behindWrite(engine, node, client, scope, epoch);
      if (settings.monotonicReads && scope !== undefined) await behindRead(engine, node, client, scope);
      node.release(client, false);
      return result;
    } catch (error) {
      node.release(client, breaks(classify(error, { phase: 'statement', inRecovery: recovering })));
      return afterReadFailure(error, node, 'statement', recovering, attempt, epoch);
    }
  };

  const stillMay = (node: PoolNode, scope: Scope | undefined): boolean => {
    const table = routes.current;
    const need = needOf(scope);
    const bit = 1 << node.index;
    const route = decideRead(table, need, ~bit, 0, false);
    return route.action === 'run' && route.node === node.index;
  };

  const leaseForReadSlowly = async (caller: Caller): Promise<Leased> => {
    const deadlineMs = clock.now() + settings.holdWritesMs;
    let avoid = 0;
    let cause: unknown;
    for (;;) {
      const route = await chooseRead({ caller, avoid, deadlineMs }, cause);
      const node = nodes[route.node] as PoolNode;
      try {
        const client = await acquire(node, caller.signal);
        if (stillMay(node, caller.scope)) {
          routed('read', route, node);
          return { node, client, primary: routes.current.primary?.view.index === node.index };
        }
        node.release(client, false);
      } catch (error) {
        if (error instanceof AbortedError) throw error;
        const refusal = refusalOf(node, error);
        if (refusal !== undefined) throw refusal;
        engine.monitor.wake(node.index);
        cause = error;
      }
      avoid |= 1 << node.index;
    }
  };

  return {
    read,
    leaseForRead: (caller) => {
      const table = routes.current;
      turn = (turn + 1) & MAX_TURN;
      const route = decideRead(table, needOf(caller.scope), 0, turn, true);
      const isUsual = route.action === 'run' && route.reason !== 'stale' && caller.signal === undefined;
      if (!isUsual || engine.closed) return leaseForReadSlowly(caller);
      const still = (node: PoolNode): boolean => routes.current === table || stillMay(node, caller.scope);
      return runner.leaseFast('read', route, still, () => leaseForReadSlowly(caller));
    },
  };
}
