import type { Epoch } from '@regionkit/core';
import type { PoolClient, QueryResult } from 'pg';
import type { Scope } from '../causality/scope.ts';
import type { PoolNode } from '../connection/node.ts';
import { classify, type Failure, type FailurePlace, isNotQueryable } from '../connection/outcome.ts';
import { isInTransaction, maybeSent, noteUndone } from '../connection/protocol-state.ts';
import { countRoute } from '../counters.ts';
import type { Engine } from '../engine.ts';
import { AbortedError, NodeUnavailableError, OutcomeUnknownError, TransactionLeftOpenError } from '../errors.ts';
import type { RouterEvents } from '../events.ts';
import type { Route } from '../routing/route.ts';

/** A statement as node-postgres takes it. */
export type Query = string | { readonly text: string; readonly values?: readonly unknown[] };
/** Its values, or undefined. */
export type Values = readonly unknown[] | undefined;

/** A connection, and where it leads. */
export interface Leased {
  readonly node: PoolNode;
  readonly client: PoolClient;
  /** It is on the primary in force: what is written on it has a position. */
  readonly primary: boolean;
}

/** What reads and writes have in common: a connection is had, a statement sent, and what became of it told. */
export interface Runner {
  /** @throws {AbortedError} the caller went away while it waited for one */
  acquire(node: PoolNode, signal?: AbortSignal): Promise<PoolClient>;
  /** The usual case, without a promise more than the caller's own. Anything unusual goes to `failed`. */
  runFast(
    node: PoolNode,
    query: Query,
    values: Values,
    still: () => boolean,
    resolve: (result: QueryResult) => void,
    failed: (error: unknown, phase: 'open' | 'moved' | 'statement', recovering: boolean) => void,
  ): void;
  /** The usual case of handing out: a connection of the very node, or else the long way from the start. */
  leaseFast(
    intent: 'read' | 'write',
    route: Route,
    still: (node: PoolNode) => boolean,
    slowly: () => Promise<Leased>,
  ): Promise<Leased>;
  inRecovery(node: PoolNode): boolean;
  retried(intent: RouterEvents['retry']['intent'], failure: Failure, node: PoolNode): void;
  routed(intent: 'read' | 'write', route: Route, node: PoolNode): void;
  /** @param on the scope of a write and the primary it was sent to: who looks whether it was done must not look behind it */
  unknown(
    node: PoolNode,
    cause: unknown,
    on?: { readonly scope: Scope | undefined; readonly epoch: Epoch | undefined },
  ): OutcomeUnknownError;
  /**
   * Whether a node whose server has ended a session is going: what an operator stopped on one that stays is not started
   * again.
   */
  isGoing(node: PoolNode, failure: Failure): Promise<boolean>;
  /**
   * Looks at a node that has failed, so that the next try does not go there again. Where it would not anyway, as to one
   * that was fenced, nobody waits: it may be silent, and a look at it take as long as a look may.
   */
  lookAgain(node: PoolNode): Promise<void>;
}

/** How often a statement is run again for a cause that may come back. */
export const MAX_RERUNS = 3;
/** It met a statement that was on its way: nobody had meant to stop that. */
const IDLE_SESSION_TIMEOUT = '57P05';
const OPEN: FailurePlace = { phase: 'open', inRecovery: false };

export function createRunner({ live, nodes, counters, events, monitor, scopes, writes }: Engine): Runner {
  const inRecovery = (node: PoolNode): boolean => live.store.facts.nodes[node.index]?.reading?.inRecovery ?? false;

  const routed = (intent: 'read' | 'write', { reason }: Route, node: PoolNode): void => {
    countRoute(counters, reason);
    if (intent === 'write') writes.wrote();
    if (events.wants('route')) events.emit('route', { intent, reason, node: node.id });
  };

  const runFast: Runner['runFast'] = (node, query, values, still, resolve, failed) => {
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
          node.release(client, false);
          resolve(result as QueryResult);
          return;
        }
        node.release(client, breaks(classify(error, { phase: 'statement', inRecovery: recovering })));
        failed(error, 'statement', recovering);
      });
    });
  };

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
          resolve({ node, client, primary: live.table.primary?.view.index === node.index });
          return;
        }
        if (client !== undefined) node.release(client, false);
        slowly().then(resolve, reject);
      });
    });

  return {
    acquire: (node, signal) =>
      new Promise((resolve, reject) => {
        // What was aborted before tells nobody any more.
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
      // On a new connection: a server that shuts down accepts none, and may not yet have ended the one for looking.
      monitor.wake(node.index, { reconnect: true });
      await monitor.look(node.index);
      return code === IDLE_SESSION_TIMEOUT || live.topology.nodes[node.index]?.state !== 'primary';
    },
    lookAgain: async ({ index }) => {
      const { state, readable } = live.topology.nodes[index] ?? {};
      if (state === 'primary' || readable === true) await monitor.look(index);
    },
  };
}

/** What is thrown at once when a connection was not given: another try would not help. */
export function refusalOf(node: PoolNode, error: unknown): Error | undefined {
  const { kind } = classify(error, OPEN);
  if (kind === 'login') return new NodeUnavailableError(node.id, error);
  if (kind !== 'refused') return undefined;
  noteUndone(error as Error);
  return error as Error;
}

type LooseQuery = (query: unknown, values: unknown, done: (error: unknown, result: unknown) => void) => void;

/**
 * Calls back exactly once, also for what node-postgres throws at once. For a value that does not serialise it calls back
 * itself, and again when the server is ready.
 */
function send(client: PoolClient, query: Query, values: Values, done: (error: unknown, result: unknown) => void): void {
  let settled = false;
  const answered = (error: unknown, result: unknown): void => {
    if (settled) return;
    settled = true;
    // It is the first on a connection that was just taken.
    if (isNotQueryable(error)) noteUndone(error as Error);
    noteRefusal(client, error);
    if (!error && isInTransaction(client)) done(new TransactionLeftOpenError(committed(result)), undefined);
    else done(error, result);
  };
  try {
    (client.query as unknown as LooseQuery).call(client, copyOf(query), values, answered);
  } catch (error) {
    answered(error, undefined);
  }
}

/** What became of the statements of one text that left a transaction open. */
function committed(result: unknown): 'unknown' | 'rolled-back' {
  const results = [result].flat() as readonly Partial<QueryResult>[];
  return results.some(({ command }) => command === 'COMMIT' || command === 'PREPARE') ? 'unknown' : 'rolled-back';
}

/**
 * Up to 8.23.0 node-postgres keeps the callback in the very object it is given, which is the caller's. Only what has a
 * class of its own is laid under another object: an engine makes slow what becomes a prototype.
 */
export function copyOf(query: Query): Query {
  if (typeof query !== 'object' || query === null || 'submit' in query) return query;
  return Object.getPrototypeOf(query) === Object.prototype ? { ...query } : Object.create(query);
}

/** To be said of each error in answer to a statement: what node-postgres itself refused was not sent. */
export function noteRefusal(client: PoolClient, error: unknown): void {
  if (isRefusal(error) && !maybeSent(client)) noteUndone(error);
}

/** The same statement without a name: it is parsed anew, whatever the connection it runs on has prepared. */
export function unprepared(query: Query): Query {
  return Object.assign(copyOf(query) as object, { name: undefined }) as unknown as Query;
}

export function isNamed(query: Query): boolean {
  return typeof query === 'object' && Boolean((query as { readonly name?: unknown } | null)?.name);
}

/**
 * Neither the server's nor the connection's: node-postgres refused the statement, or a type parser of the app's what came
 * back.
 */
function isRefusal(error: unknown): error is Error {
  return error instanceof Error && !('severity' in error) && classify(error, STATEMENT).kind === 'statement';
}

const STATEMENT: FailurePlace = { phase: 'statement', inRecovery: false };

/** The same as a promise. */
export function ask(client: PoolClient, query: Query, values: Values): Promise<QueryResult> {
  return new Promise((resolve, reject) => {
    send(client, query, values, (error, result) => {
      if (error === undefined || error === null) resolve(result as QueryResult);
      else reject(error);
    });
  });
}

/** A failure after which the connection must not be used again. Everything else leaves it as good as new. */
export function breaks({ kind }: Failure): boolean {
  return kind === 'lost' || kind === 'ended' || kind === 'timeout' || kind === 'not-sent';
}
