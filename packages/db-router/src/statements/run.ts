import type { Epoch } from '@regionkit/core';
import type { PoolClient, QueryResult } from 'pg';
import type { Scope } from '../causality/scope-state.ts';
import type { PoolNode } from '../connection/node.ts';
import { breaks, classify, type Failure, type FailurePlace } from '../connection/outcome.ts';
import type { Position } from '../connection/position-after.ts';
import { noteUndone } from '../connection/protocol-state.ts';
import type { Query, Values } from '../connection/query.ts';
import { sendAndAsk } from '../connection/whether-written.ts';
import { countRoute } from '../counters.ts';
import type { Engine } from '../engine/engine.ts';
import { Unfinished } from '../entry.ts';
import { AbortedError, NodeUnavailableError, OutcomeUnknownError } from '../errors.ts';
import type { RouterEvents } from '../events.ts';
import type { Route } from '../routing/route.ts';
import { hasPositions, notePosition, type PositionParts, positionQuery, recordWritePosition } from './position.ts';

/** A connection, and where it leads. */
export interface Leased {
  readonly node: PoolNode;
  readonly client: PoolClient;
  /** It leads to the primary in force: writes on it have a position. */
  readonly primary: boolean;
}

/** What reads and writes have in common: get a connection, send a statement, report its outcome. */
export interface Runner {
  /** @throws {AbortedError} The signal was aborted during the wait. */
  acquire(node: PoolNode, signal?: AbortSignal): Promise<PoolClient>;
  /**
   * The fast path, with no promise besides the caller's, unless the statement wrote in a scope. Everything unusual goes
   * on in the caller's context: see {@link Unfinished}.
   *
   * @param onAnswer called before the caller gets its answer
   * @param failed does the rest of a call that has failed here
   */
  runFast(
    node: PoolNode,
    query: Query,
    values: Values,
    scope: Scope | undefined,
    still: () => boolean,
    onAnswer: () => void,
    failed: FailedFast,
  ): Promise<QueryResult>;
  /** The fast path of a lease: a connection of this node, or else the slow path from the start. */
  leaseFast(
    intent: 'read' | 'write',
    route: Route,
    still: (node: PoolNode) => boolean,
    slowly: () => Promise<Leased>,
  ): Promise<Leased>;
  inRecovery(node: PoolNode): boolean;
  retried(intent: RouterEvents['retry']['intent'], failure: Failure, node: PoolNode): void;
  routed(intent: 'read' | 'write', route: Route, node: PoolNode): void;
  /**
   * @param on the scope of a write and the primary it was sent to. A later read that checks the outcome must not go to
   * an older state
   */
  unknown(
    node: PoolNode,
    cause: unknown,
    on?: { readonly scope: Scope | undefined; readonly epoch: Epoch | undefined },
  ): OutcomeUnknownError;
  /**
   * Whether a node is stopping after its server ended a session. If the operator ended only a session and the node
   * stays, the statement is not run again.
   */
  isGoing(node: PoolNode, failure: Failure): Promise<boolean>;
  /**
   * Probes a node that has failed, so that the next try does not go there again. A node that gets no statement anyway, as
   * one that was fenced, is not waited for: it may be silent, and the probe takes as long as a probe may.
   */
  reprobe(node: PoolNode): Promise<void>;
}

/** @param epoch of the primary that the statement was sent to in a scope */
type FailedFast = (
  error: unknown,
  phase: 'open' | 'moved' | 'statement',
  recovering: boolean,
  epoch: Epoch | undefined,
) => Promise<QueryResult>;

/** How often a statement is run again for a cause that may repeat. */
export const MAX_RERUNS = 3;
/** An idle timeout hit a running statement: safe to run again. */
const IDLE_SESSION_TIMEOUT = '57P05';
const OPEN: FailurePlace = { phase: 'open', inRecovery: false };

type RunnerParts = PositionParts & Pick<Engine, 'routes' | 'nodes' | 'counters' | 'monitor'>;

export function createRunner(engine: RunnerParts): Runner {
  const { live, routes, nodes, counters, events, monitor, scopes, writes } = engine;
  const inRecovery = (node: PoolNode): boolean => live.store.facts.nodes[node.index]?.reading?.inRecovery ?? false;

  const routed = (intent: 'read' | 'write', { reason }: Route, node: PoolNode): void => {
    countRoute(counters, reason);
    if (intent === 'write') writes.wrote();
    if (events.wants('route')) events.emit('route', { intent, reason, node: node.id });
  };

  const runFast: Runner['runFast'] = (node, query, values, scope, still, onAnswer, failed) =>
    new Promise((resolve, reject) => {
      node.acquire((error, client) => {
        if (client === undefined) {
          reject(new Unfinished(() => failed(error, 'open', false, undefined)));
          return;
        }
        if (!still()) {
          node.release(client, false);
          reject(new Unfinished(() => failed(undefined, 'moved', false, undefined)));
          return;
        }
        // The state at the time of sending decides, not the state when the failure is handled.
        const recovering = inRecovery(node);
        const { primary } = live.topology;
        const epoch = scope !== undefined && primary?.node === node.index ? primary.epoch : undefined;
        const asks = epoch === undefined ? undefined : positionQuery(engine, node, client);
        sendAndAsk(client, query, values, epoch !== undefined, asks, (error, result, wrote, position) => {
          if (error !== undefined && error !== null) {
            try {
              node.release(client, breaks(classify(error, { phase: 'statement', inRecovery: recovering })));
            } finally {
              reject(new Unfinished(() => failed(error, 'statement', recovering, epoch)));
            }
            return;
          }
          const answer = (give: (result: QueryResult) => void): void => {
            onAnswer();
            // A listener of the pool may throw in the release. The caller has its answer then.
            give(result as QueryResult);
            node.release(client, false);
          };
          if (!wrote || scope === undefined || epoch === undefined || !hasPositions(engine)) {
            answer(resolve);
            return;
          }
          const record = (known?: Position): Promise<QueryResult> =>
            new Promise((give) => {
              void recordWritePosition(engine, node, client, scope, epoch, known).then(() => answer(give));
            });
          if (position === undefined) {
            reject(new Unfinished(record));
            return;
          }
          void position.then((known) => {
            if (known.lsn === undefined || scope.headClosed) {
              // An event tells it, which belongs to the caller.
              reject(new Unfinished(() => record(known)));
              return;
            }
            notePosition(engine, node, scope, epoch, known);
            answer(resolve);
          });
        });
      });
    });

  const leaseFast: Runner['leaseFast'] = (intent, route, still, slowly) =>
    new Promise((resolve, reject) => {
      const node = nodes[route.node] as PoolNode;
      node.acquire((error, client) => {
        const refusal = client === undefined ? refusalOf(node, error) : undefined;
        if (refusal !== undefined) {
          reject(refusal);
          return;
        }
        if (client !== undefined && still(node)) {
          routed(intent, route, node);
          resolve({ node, client, primary: routes.current.primary?.view.index === node.index });
          return;
        }
        if (client !== undefined) node.release(client, false);
        slowly().then(resolve, reject);
      });
    });

  return {
    acquire: (node, signal) =>
      new Promise((resolve, reject) => {
        // A signal that was aborted earlier emits no event.
        if (signal?.aborted === true) return reject(new AbortedError());
        const onAbort = (): void => reject(new AbortedError());
        signal?.addEventListener('abort', onAbort, { once: true });
        node.acquire((error, client) => {
          signal?.removeEventListener('abort', onAbort);
          if (client === undefined) reject(error);
          else if (signal?.aborted === true) node.release(client, false);
          else resolve(client);
        });
      }),
    runFast,
    leaseFast,
    inRecovery,
    routed,
    retried: (intent, { code }, node) => {
      counters.retries += 1;
      if (events.wants('retry')) events.emit('retry', { intent, code, node: node.id });
    },
    unknown: (node, cause, on) => {
      counters.unknown += 1;
      if (on?.scope !== undefined && on.epoch !== undefined) scopes.noteWritten(on.scope, on.epoch, undefined);
      events.emit('outcome-unknown', { node: node.id });
      return new OutcomeUnknownError(node.id, cause);
    },
    isGoing: async (node, { code }) => {
      // On a new connection: a server that shuts down accepts none, and may not have ended the probe's connection yet.
      await monitor.probeAnew(node.index);
      return code === IDLE_SESSION_TIMEOUT || live.topology.nodes[node.index]?.state !== 'primary';
    },
    reprobe: async ({ index }) => {
      const { state, readable } = live.topology.nodes[index] ?? {};
      if (state === 'primary' || readable === true) await monitor.probe(index);
    },
  };
}

/** The error to throw at once if no connection was handed out and a retry would not help. */
export function refusalOf(node: PoolNode, error: unknown): Error | undefined {
  const { kind } = classify(error, OPEN);
  if (kind === 'login') return new NodeUnavailableError(node.id, error);
  if (kind !== 'refused') return undefined;
  noteUndone(error as Error);
  return error as Error;
}
