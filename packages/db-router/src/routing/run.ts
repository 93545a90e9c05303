import type { PoolClient, QueryResult } from 'pg';
import { countRoute } from '../counters.ts';
import type { Engine } from '../engine.ts';
import { NodeUnavailableError, OutcomeUnknownError } from '../errors.ts';
import type { PoolNode } from '../topology/node.ts';
import { classify, type Failure, type FailurePlace } from './outcome.ts';
import type { Route } from './route.ts';

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
  acquire(node: PoolNode): Promise<PoolClient>;
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
  /** A statement that opens a transaction through a pool would hand it to whoever comes next. */
  leftOpen(client: PoolClient, node: PoolNode): boolean;
  retried(intent: 'read' | 'write', failure: Failure, node: PoolNode): void;
  routed(intent: 'read' | 'write', route: Route, node: PoolNode): void;
  unknown(node: PoolNode, cause: unknown): OutcomeUnknownError;
}

/** How often a statement is run again for a cause that may come back. */
export const MAX_RERUNS = 3;
export const OPEN: FailurePlace = { phase: 'open', inRecovery: false };

export function createRunner({ live, nodes, counters, events }: Engine): Runner {
  const inRecovery = (node: PoolNode): boolean => live.store.facts.nodes[node.index]?.reading?.inRecovery ?? false;

  const routed = (intent: 'read' | 'write', { reason }: Route, node: PoolNode): void => {
    countRoute(counters, reason);
    if (events.wants('route')) events.emit('route', { intent, reason, node: node.id });
  };

  const leftOpen = (client: PoolClient, node: PoolNode): boolean => {
    const status = client.getTransactionStatus?.();
    if (status === 'I' || status === null || status === undefined) return false;
    events.emit('leak', { node: node.id, why: 'in-transaction' });
    return true;
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
          node.release(client, leftOpen(client, node));
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
        if (client === undefined && classify(error, OPEN).kind === 'login') {
          reject(new NodeUnavailableError(node.id, error));
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
    acquire: (node) =>
      new Promise((resolve, reject) => {
        node.acquire((error, client) => (client === undefined ? reject(error) : resolve(client)));
      }),
    runFast,
    leaseFast,
    inRecovery,
    leftOpen,
    routed,
    retried: (intent, { code }, node) => {
      counters.retries += 1;
      if (events.wants('retry')) events.emit('retry', { intent, code, node: node.id });
    },
    unknown: (node, cause) => {
      counters.unknown += 1;
      events.emit('outcome-unknown', { node: node.id });
      return new OutcomeUnknownError(node.id, cause);
    },
  };
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
  return kind === 'lost' || kind === 'timeout' || kind === 'not-sent';
}
