import type { PoolClient } from 'pg';

/** A query that was passed to node-postgres. */
export interface Asked {
  readonly name?: unknown;
  readonly text?: unknown;
  readonly values?: unknown;
}

export interface Told extends Asked {
  handleError?: (error: unknown, connection: unknown) => void;
}

/** Internal fields of a node-postgres client that its declarations do not include. */
interface Queues {
  readonly readyForQuery?: boolean;
  readonly _activeQuery?: Asked | null;
  readonly _queryQueue?: readonly Asked[];
  readonly _sentQueryQueue?: readonly Asked[];
}

const asides = new WeakSet<object>();

/** The query whose answer comes next. */
export function activeQuery(client: PoolClient): Asked | undefined {
  return (client as unknown as Queues)._activeQuery ?? undefined;
}

/** Whether node-postgres passes the next messages of the server to `query`. */
export function hasTurn(client: PoolClient, query: object): boolean {
  const { _activeQuery, readyForQuery } = client as unknown as Queues;
  return _activeQuery === query && readyForQuery === false;
}

/** Lets node-postgres pass the next messages of the server to `query`, although it has not sent it. */
export function giveTurn(client: PoolClient, query: object): void {
  Object.assign(client, { _activeQuery: query, readyForQuery: false } satisfies Queues);
}

/** The queries without an answer, oldest first. A query that this process gave up is no longer in the list. */
export function underWay(client: PoolClient): readonly Asked[] {
  const { _sentQueryQueue = [], _queryQueue = [] } = client as unknown as Queues;
  return [activeQuery(client) ?? {}, ..._sentQueryQueue, ..._queryQueue];
}

/** The queries that node-postgres has not sent. */
export function waitingOn(client: PoolClient): readonly Told[] {
  return (client as unknown as Queues)._queryQueue ?? [];
}

/** Marks a query of the router itself, whose loss is the loss of no statement. */
export function noteAside(query: object): void {
  asides.add(query);
}

/** Whether only a query of the router itself is running. */
export function isAside(client: PoolClient): boolean {
  const active = activeQuery(client);
  return active !== undefined && asides.has(active);
}

/** Whether node-postgres has already taken its next query. */
export function hasNext(client: PoolClient): boolean {
  return activeQuery(client) !== undefined && !isAside(client);
}

/** ReadyForQuery has arrived, and no query runs or waits. */
export function isConnectionIdle(client: PoolClient): boolean {
  const { readyForQuery, _queryQueue: waiting, _sentQueryQueue: sent } = client as unknown as Queues;
  return readyForQuery === true && !waiting?.length && !sent?.length;
}

/** Whether the last ReadyForQuery reported an open transaction. */
export function isInTransaction(client: PoolClient): boolean {
  const status = client.getTransactionStatus();
  return status === 'T' || status === 'E';
}
