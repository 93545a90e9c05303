import type { Epoch } from '@regionkit/core';
import type { QueryResult } from 'pg';
import { isAdmitted, type Scope } from '../causality/scope-state.ts';
import type { PoolNode } from '../connection/node.ts';
import { breaks, classify, isServerError } from '../connection/outcome.ts';
import { isOfPreparedStatement, isPartlyDone } from '../connection/protocol-state.ts';
import { isNamed, mistakeIn, type Query, unprepared, type Values } from '../connection/query.ts';
import { isOneStatement } from '../connection/transaction-control.ts';
import { type Asked, askWhetherWritten } from '../connection/whether-written.ts';
import type { Engine } from '../engine/engine.ts';
import type { Caller } from '../entry.ts';
import {
  AbortedError,
  NodeUnavailableError,
  NotPrimaryRegionError,
  RolledBackError,
  RouterClosedError,
} from '../errors.ts';
import { RouterError } from '../router-error.ts';
import type { Route } from '../routing/route.ts';
import { BACKOFF, backoffMs } from './backoff.ts';
import { type PositionParts, positionQuery, recordWritePosition } from './position.ts';
import { type Leased, MAX_RERUNS, type Runner, refusalOf } from './run.ts';

/**
 * Writes: on the primary. They wait while there is none, and are run again only if they certainly did not take effect.
 */
export interface Writes {
  write(query: Query, values: Values, caller: Caller): Promise<QueryResult>;
  /**
   * Leases a connection to the primary, or refuses.
   *
   * @param isRead it is not for a write, so a pause does not hold it
   */
  leaseForWrite(caller: Caller, isRead?: boolean): Promise<Leased>;
}

export type WriteParts = PositionParts &
  Pick<
    Engine,
    | 'routes'
    | 'nodes'
    | 'counters'
    | 'writeRoute'
    | 'closed'
    | 'monitor'
    | 'pause'
    | 'pauses'
    | 'underWay'
    | 'gateWarning'
  >;

export function createWrites(engine: WriteParts, runner: Runner): Writes {
  const { live, routes, nodes, counters, settings, pauses, underWay } = engine;
  const { clock } = settings;
  const { acquire, inRecovery, isGoing, reprobe, retried, routed, runFast, unknown } = runner;

  const write = (query: Query, values: Values, caller: Caller): Promise<QueryResult> => {
    const mistake = mistakeIn(query, values);
    if (mistake !== undefined) return Promise.reject(mistake);
    const { scope, signal } = caller;
    if (pauses.isOn && !isAdmitted(scope)) return pauses.wait(signal).then(() => write(query, values, caller));
    counters.writes += 1;
    underWay.begin();
    const route = engine.writeRoute.now();
    if (route.action !== 'run' || signal !== undefined || engine.closed) {
      return writeSlowly(query, values, caller);
    }
    const node = nodes[route.node] as PoolNode;
    routed('write', route, node);
    const still = (): boolean => engine.writeRoute.now().node === route.node;
    return runFast(node, query, values, scope, still, underWay.end, (error, phase, recovering, epoch) => {
      const first = phase === 'moved' ? undefined : { error, node, phase, recovering, query, values, scope, epoch };
      return writeSlowly(query, values, caller, first);
    });
  };

  interface FirstFailure {
    readonly error: unknown;
    readonly node: PoolNode;
    readonly phase: 'open' | 'statement';
    readonly recovering: boolean;
    readonly query: Query;
    readonly values: Values;
    readonly scope: Scope | undefined;
    readonly epoch: Epoch | undefined;
  }

  const writeSlowly = async (
    query: Query,
    values: Values,
    caller: Caller,
    first?: FirstFailure,
  ): Promise<QueryResult> => {
    try {
      return await writeUntilDone(query, values, caller, first);
    } finally {
      underWay.end();
    }
  };

  const writeUntilDone = async (
    query: Query,
    values: Values,
    { scope, signal }: Caller,
    first: FirstFailure | undefined,
  ): Promise<QueryResult> => {
    let deadlineMs = clock.now() + settings.hold.timeoutMs;
    let reruns = 0;
    let text = query;
    const goOnAfter = async (failed: FirstFailure): Promise<void> => {
      await afterWriteFailure(failed, deadlineMs, reruns);
      if (isNamed(query) && isOfPreparedStatement(failed.error)) text = unprepared(query);
      reruns += 1;
    };
    let start: Start | undefined;
    if (first === undefined) {
      start = await locateStart(deadlineMs, scope, signal);
      deadlineMs = start.deadlineMs;
    } else await goOnAfter(first);
    for (;;) {
      const route = start?.route ?? (await engine.writeRoute.locate(deadlineMs, signal));
      start = undefined;
      const { node, client } = await openForWrite(route, deadlineMs, signal);
      routed('write', routes.current.write, node);
      const primary = live.topology.primary;
      const recovering = inRecovery(node);
      let asked: Asked;
      try {
        asked = await askWhetherWritten(client, text, values, scope !== undefined, positionQuery(engine, node, client));
      } catch (error) {
        const epoch = primary?.epoch;
        const failed = { error, node, phase: 'statement', recovering, query, values, scope, epoch } as const;
        node.release(client, breaks(classify(error, { phase: 'statement', inRecovery: recovering })));
        await goOnAfter(failed);
        continue;
      }
      if (scope !== undefined && asked.wrote && primary !== undefined)
        await recordWritePosition(engine, node, client, scope, primary.epoch, asked.position);
      node.release(client, false);
      return asked.result;
    }
  };

  /** Where a write begins, and until when it may wait for a primary. */
  interface Start {
    readonly route: Route;
    readonly deadlineMs: number;
  }

  /**
   * Waits for a primary before anything is sent. Meanwhile a pause may have become known: this write is then not under way
   * until the pause ends, and its time begins again.
   */
  const locateStart = async (
    firstDeadlineMs: number,
    scope: Scope | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Start> => {
    let deadlineMs = firstDeadlineMs;
    for (;;) {
      const route = await engine.writeRoute.locate(deadlineMs, signal);
      if (!pauses.isOn || isAdmitted(scope)) return { route, deadlineMs };
      underWay.end();
      try {
        await pauses.wait(signal);
      } finally {
        underWay.begin();
      }
      deadlineMs = clock.now() + settings.hold.timeoutMs;
    }
  };

  /** Returns if the statement may be run again, because it certainly did not take effect. */
  const afterWriteFailure = async (first: FirstFailure, deadlineMs: number, reruns: number): Promise<void> => {
    const { error, node, phase, recovering } = first;
    const failure = classify(error, { phase, inRecovery: recovering });
    const done = isPartlyDone(error) && !recovering;
    if (done && first.scope !== undefined && first.epoch !== undefined)
      engine.scopes.noteWritten(first.scope, first.epoch, undefined);
    // In recovery nothing was done, whatever the statement was. On a primary only a single statement certainly was
    // rolled back.
    const mayRunAgain = reruns < MAX_RERUNS && (recovering || (!done && isOneStatement(first.query, first.values)));
    switch (failure.kind) {
      case 'not-sent':
        await settleDown(node, deadlineMs, error);
        break;
      case 'login':
      case 'refused':
        throw refusalOf(node, error);
      case 'read-only':
      case 'conflict':
        if (!mayRunAgain) throw error;
        // On a new connection: only there a changed setting of the database or the role shows.
        await engine.monitor.probeAnew(node.index);
        break;
      case 'serialization':
        if (!mayRunAgain) throw error;
        await engine.pause(backoffMs(reruns, BACKOFF, settings.random));
        break;
      case 'stale-statement':
        if (!mayRunAgain || !isNamed(first.query)) throw error;
        break;
      case 'ended':
        if (!mayRunAgain || !(await isGoing(node, failure))) throw new RolledBackError('connection-lost', error);
        break;
      case 'lost':
      case 'timeout':
        engine.monitor.wake(node.index);
        if (failure.outcome === 'unknown') throw unknown(node, error, first);
        throw error;
      default:
        if (failure.outcome === 'unknown') {
          const told = unknown(node, error, first);
          // The caller needs the server's error for its statement.
          throw error instanceof RouterError || isServerError(error) ? error : told;
        }
        throw error;
    }
    retried('write', failure, node);
  };

  /** Nothing was sent. Try again while there is time, after another probe. */
  const settleDown = async (node: PoolNode, deadlineMs: number, error: unknown): Promise<void> => {
    if (engine.closed) throw new RouterClosedError();
    await reprobe(node);
    if (clock.now() >= deadlineMs) throw new NodeUnavailableError(node.id, error);
    const { state } = live.topology.nodes[node.index] ?? { state: 'unknown' };
    // The node answers, but accepts no connection (too many, starting up). Wait a moment.
    if (state === 'primary') await engine.pause(settings.alertIntervalMs);
  };

  const openForWrite = async (given: Route, deadlineMs: number, signal: AbortSignal | undefined): Promise<Leased> => {
    let route = given;
    for (;;) {
      if (route.action !== 'run') {
        engine.gateWarning.noteRefusal();
        throw new NotPrimaryRegionError(route.region ?? '');
      }
      const node = nodes[route.node] as PoolNode;
      try {
        const client = await acquire(node, signal);
        const now = engine.writeRoute.now();
        if (now.action === 'run' && now.node === node.index && signal?.aborted !== true)
          return { node, client, primary: true };
        node.release(client, false);
      } catch (error) {
        if (error instanceof AbortedError) throw error;
        const refusal = refusalOf(node, error);
        if (refusal !== undefined) throw refusal;
        await settleDown(node, deadlineMs, error);
      }
      route = await engine.writeRoute.locate(deadlineMs, signal);
    }
  };

  const leaseForWriteSlowly = async ({ scope, signal }: Caller, isRead: boolean): Promise<Leased> => {
    const untilMs = clock.now() + settings.hold.timeoutMs;
    const { route, deadlineMs } = isRead
      ? { route: await engine.writeRoute.locate(untilMs, signal), deadlineMs: untilMs }
      : await locateStart(untilMs, scope, signal);
    const leased = await openForWrite(route, deadlineMs, signal);
    routed('write', routes.current.write, leased.node);
    return leased;
  };

  const lease = (caller: Caller, isRead: boolean): Promise<Leased> => {
    const route = engine.writeRoute.now();
    if (route.action !== 'run' || caller.signal !== undefined || engine.closed)
      return leaseForWriteSlowly(caller, isRead);
    const still = (node: PoolNode): boolean => engine.writeRoute.now().node === node.index;
    return runner.leaseFast('write', route, still, () => leaseForWriteSlowly(caller, isRead));
  };
  const lent = (leased: Leased): Leased => {
    underWay.end();
    underWay.lease(leased.client);
    return leased;
  };
  const notLent = (error: unknown): never => {
    underWay.end();
    throw error;
  };
  const leaseForWrite: Writes['leaseForWrite'] = (caller, isRead = false) => {
    const { scope, signal } = caller;
    if (isRead) return lease(caller, true);
    if (pauses.isOn && !isAdmitted(scope)) return pauses.wait(signal).then(() => leaseForWrite(caller));
    underWay.begin();
    return lease(caller, false).then(lent, notLent);
  };

  return { write, leaseForWrite };
}
