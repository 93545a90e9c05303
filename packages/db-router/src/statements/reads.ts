import type { Epoch } from '@regionkit/core';
import type { PoolClient, QueryResult } from 'pg';
import { takesAdvisoryLock } from '../connection/advisory-lock.ts';
import type { PoolNode } from '../connection/node.ts';
import { breaks, classify, type Failure } from '../connection/outcome.ts';
import { isNamed, mistakeIn, type Query, unprepared, type Values } from '../connection/query.ts';
import { isOneStatement } from '../connection/transaction-control.ts';
import { askWhetherWritten } from '../connection/whether-written.ts';
import type { Engine } from '../engine/engine.ts';
import type { Caller } from '../entry.ts';
import { AbortedError, AdvisoryLockError, RolledBackError } from '../errors.ts';
import { abortedFirst } from './aborted-first.ts';
import { createReadChoice, type ReadChoiceParts, type WantedRead } from './choose-read.ts';
import { type PositionParts, positionQuery, recordReadPosition, recordWritePosition } from './position.ts';
import { type Leased, MAX_RERUNS, type Runner, refusalOf } from './run.ts';
import type { Writes } from './writes.ts';

/** Reads: on the nearest node that is fresh enough, and on another one if that is safe. */
export interface Reads {
  read(query: Query, values: Values, caller: Caller): Promise<QueryResult>;
  /** Leases a connection for a read, on the node that was chosen for it. */
  leaseForRead(caller: Caller): Promise<Leased>;
}

const ignore = (): void => {};

export type ReadParts = ReadChoiceParts & PositionParts & Pick<Engine, 'counters' | 'monitor'>;

export function createReads(engine: ReadParts, runner: Runner, { write }: Pick<Writes, 'write'>): Reads {
  const { live, routes, nodes, counters, settings } = engine;
  const { clock } = settings;
  const { acquire, inRecovery, retried, routed, runFast, unknown } = runner;
  const choice = createReadChoice(engine);

  const read = (query: Query, values: Values, caller: Caller): Promise<QueryResult> => {
    const mistake = mistakeIn(query, values);
    if (mistake !== undefined) return Promise.reject(mistake);
    counters.reads += 1;
    const { scope, signal } = caller;
    const table = routes.current;
    const route = choice.first(scope);
    const isUsual = route.action === 'run' && route.reason !== 'stale' && signal === undefined && !engine.closed;
    const isFollowed = scope !== undefined && settings.monotonicReads;
    if (!isUsual || isFollowed) {
      return readSlowly(firstAttempt(query, values, caller));
    }
    const node = nodes[route.node] as PoolNode;
    if (takesAdvisoryLock(query) && inRecovery(node)) return Promise.reject(new AdvisoryLockError());
    routed('read', route, node);
    const still = (): boolean => routes.current === table || choice.stillServes(route, scope);
    // On the primary it may have written after all. The scope must know of that.
    return runFast(node, query, values, scope, still, ignore, (error, phase, recovering, epoch) => {
      const attempt = firstAttempt(query, values, caller);
      return phase === 'moved' ? readSlowly(attempt) : afterReadFailure(error, node, phase, recovering, attempt, epoch);
    });
  };

  interface Attempt extends WantedRead {
    readonly query: Query;
    readonly values: Values;
    readonly reruns: number;
  }

  const firstAttempt = (query: Query, values: Values, caller: Caller): Attempt => {
    const deadlineMs = clock.now() + settings.hold.timeoutMs;
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
    // It may have written. A later read that checks this must not go to an older state.
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
        // It is not a read. It goes where writes go, if the policy allows it.
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

  /** In recovery nothing was done. On a primary only a single statement certainly was rolled back. */
  const isUndoneFor = ({ query, values }: Attempt, recovering: boolean): boolean =>
    recovering || isOneStatement(query, values);

  /** Once, and never back to the standby whose recovery caused the conflict. */
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
    const route = await choice.choose(attempt, cause);
    const node = nodes[route.node] as PoolNode;
    if (takesAdvisoryLock(attempt.query) && inRecovery(node)) throw new AdvisoryLockError();
    routed('read', route, node);
    return readOn(node, attempt);
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
    if (!choice.mayServe(node, scope)) {
      node.release(client, false);
      return readSlowly({ ...attempt, avoid: attempt.avoid | (1 << node.index), reruns: attempt.reruns + 1 });
    }
    const recovering = inRecovery(node);
    const { primary } = live.topology;
    const epoch = scope !== undefined && primary?.node === node.index ? primary.epoch : undefined;
    const position = positionQuery(engine, node, client);
    const asked = askWhetherWritten(client, query, values, epoch !== undefined, position);
    if (signal !== undefined && (await abortedFirst(asked, signal))) {
      node.cancel(client);
      // On the primary it may have written, by a function.
      if (scope !== undefined && epoch !== undefined) engine.scopes.noteWritten(scope, epoch, undefined);
      throw new AbortedError(recovering ? 'rolled-back' : 'unknown');
    }
    try {
      const { result, wrote, position } = await asked;
      if (epoch !== undefined && scope !== undefined && wrote)
        await recordWritePosition(engine, node, client, scope, epoch, position);
      if (settings.monotonicReads && scope !== undefined) await recordReadPosition(engine, node, client, scope);
      node.release(client, false);
      return result;
    } catch (error) {
      node.release(client, breaks(classify(error, { phase: 'statement', inRecovery: recovering })));
      return afterReadFailure(error, node, 'statement', recovering, attempt, epoch);
    }
  };

  const leaseForReadSlowly = async (caller: Caller): Promise<Leased> => {
    const deadlineMs = clock.now() + settings.hold.timeoutMs;
    let avoid = 0;
    let cause: unknown;
    for (;;) {
      const route = await choice.choose({ caller, avoid, deadlineMs }, cause);
      const node = nodes[route.node] as PoolNode;
      try {
        const client = await acquire(node, caller.signal);
        if (choice.mayServe(node, caller.scope)) {
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
      const route = choice.first(caller.scope);
      const isUsual = route.action === 'run' && route.reason !== 'stale' && caller.signal === undefined;
      if (!isUsual || engine.closed) return leaseForReadSlowly(caller);
      const still = (node: PoolNode): boolean => routes.current === table || choice.mayServe(node, caller.scope);
      return runner.leaseFast('read', route, still, () => leaseForReadSlowly(caller));
    },
  };
}
