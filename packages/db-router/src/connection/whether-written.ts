import pg, { type PoolClient, type QueryConfig, type QueryResult } from 'pg';
import { FollowedQuery } from './followed-query.ts';
import { type Position, PositionAfter, type PositionQuery } from './position-after.ts';
import { copyOf, type Query, type Values } from './query.ts';
import { noteRefusal, send } from './send.ts';
import { isOneStatement, mayOnlyRead, mentionsWrite, readsOrWritesRows } from './transaction-control.ts';

/** The result of a statement, and whether the statement may have written. */
export interface Asked {
  readonly result: QueryResult;
  readonly wrote: boolean;
  /** The position after it. Undefined if it was not asked for in the same write. */
  readonly position?: Position | undefined;
}

/** @param position the position after the statement, if it was asked for in the same write and the statement wrote */
type Answered = (error: unknown, result: unknown, wrote?: boolean, position?: Promise<Position>) => void;

/**
 * Runs a statement and learns in the same round trip whether it wrote, and up to where. Calls back exactly once.
 *
 * @param wants false if the caller does not need to know. The query is not sent then
 */
export function sendAndAsk(
  client: PoolClient,
  query: Query,
  values: Values,
  wants: boolean,
  position: PositionQuery | undefined,
  done: Answered,
): void {
  if (!wants) {
    send(client, query, values, done);
    return;
  }
  let followed: FollowedQuery | undefined;
  try {
    followed = followedByQuestions(client, query, values, position);
  } catch (error) {
    noteRefusal(client, error);
    done(error, undefined);
    return;
  }
  if (followed === undefined) {
    send(client, query, values, (error, result) => done(error, result, true));
    return;
  }
  const asking = followed;
  send(client, asking as never, undefined, (error, result) =>
    done(error, result, asking.wrote, asking.wrote ? asking.position() : undefined),
  );
}

/** The same as a promise. */
export function askWhetherWritten(
  client: PoolClient,
  query: Query,
  values: Values,
  wants: boolean,
  position?: PositionQuery,
): Promise<Asked> {
  return new Promise((resolve, reject) => {
    sendAndAsk(client, query, values, wants, position, (error, result, wrote = false, known) => {
      const asked = { result: result as QueryResult, wrote };
      if (error !== undefined && error !== null) reject(error);
      else if (known === undefined) resolve(asked);
      else resolve(known.then((position) => ({ ...asked, position })));
    });
  });
}

/**
 * The statement with the queries whether it wrote and for the position after it. Undefined if there is nothing to ask
 * in the same write.
 *
 * Not for several statements in one text, which may contain BEGIN, and not for a result that is fetched in portions.
 * The query for the position follows only statements that read or write rows: after a COPY the server would take it for
 * data. And it follows a `SELECT` only if its text mentions a write, because most read only.
 * Not on a client of another copy of pg either: its connection cannot run the queries of this copy.
 */
export function followedByQuestions(
  client: PoolClient,
  query: unknown,
  values: Values,
  position: PositionQuery | undefined,
): FollowedQuery | undefined {
  const config = typeof query === 'string' ? { text: query } : (query as QueryConfig & { readonly rows?: unknown });
  const { text } = config ?? {};
  if (!isOfThisCopy(client)) return undefined;
  if (typeof text !== 'string' || config.rows !== undefined || 'submit' in config) return undefined;
  const asksWhetherWritten = mayOnlyRead(text) && isOneStatement(text);
  const asksPosition =
    position !== undefined && readsOrWritesRows(text) && mentionsWrite(text) && isOneStatement(config, values);
  if (!asksWhetherWritten && !asksPosition) return undefined;
  return new FollowedQuery(typeof query === 'string' ? query : withoutCallback(config), values, {
    asksWhetherWritten,
    position: asksPosition ? new PositionAfter(position) : undefined,
  });
}

/** A callback of an earlier call may still be in the object. It would receive the answer. */
function withoutCallback(config: object): object {
  const copy: { callback?: unknown } = copyOf(config as Query) as object;
  copy.callback = undefined;
  return copy;
}

function isOfThisCopy(client: PoolClient): boolean {
  const { Query = pg.Query } = client.constructor as { readonly Query?: unknown };
  return Query === pg.Query;
}
