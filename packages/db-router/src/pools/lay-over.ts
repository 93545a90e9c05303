import type { PoolClient } from 'pg';
import { copyOf, type Query } from '../connection/query.ts';

export type Done = (error: unknown, result?: unknown) => void;
type AnyQuery = (this: PoolClient | undefined, config: unknown, values?: unknown, callback?: unknown) => unknown;

/** Replaces the client's `query`. Other code may have wrapped it before, and may wrap it again. */
export function layOver(client: PoolClient, query: AnyQuery): { readonly original: AnyQuery; remove(): void } {
  const target = client as { query?: unknown };
  const own = Object.hasOwn(target, 'query');
  const original = target.query as AnyQuery;
  target.query = query;
  return {
    original,
    remove: () => {
      if (own) target.query = original;
      else delete target.query;
    },
  };
}

/** Answers as node-postgres does: with the callback, or with a promise whose error leads to the calling line. */
export function reply(callback: Done | undefined, run: (done: Done) => void): Promise<unknown> | undefined {
  if (callback !== undefined) {
    run((error, result) => (error === undefined ? callback(null, result) : callback(error)));
    return undefined;
  }
  let settle: Done = () => {};
  const answered = new Promise((resolve, reject) => {
    settle = (error, result) => (error === undefined ? resolve(result) : reject(error));
  });
  // Errors that node-postgres throws synchronously are thrown here, too.
  run(settle);
  return answered.catch((error: unknown) => {
    if (error instanceof Error) Error.captureStackTrace(error);
    throw error;
  });
}

/** Finds the callback where node-postgres looks for it. */
export function doneOf(config: unknown, values: unknown, callback: unknown): Done | undefined {
  if (typeof callback === 'function') return callback as Done;
  if (typeof values === 'function') return values as Done;
  return hasCallback(config) ? config.callback : undefined;
}

function hasCallback(config: unknown): config is { readonly callback: Done } {
  return typeof (config as { callback?: unknown } | null)?.callback === 'function';
}

export function withoutCallback(config: unknown): unknown {
  return hasCallback(config) ? Object.assign(copyOf(config as unknown as Query), { callback: undefined }) : config;
}
