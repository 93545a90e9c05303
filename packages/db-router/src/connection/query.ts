import type { QueryConfig } from 'pg';
import { noteUndone } from './protocol-state.ts';
import { isSubmittable } from './submittable.ts';

/**
 * A statement as node-postgres takes it: a text, or an object with `text` and any other field of its configurations,
 * such as `values`, `name`, `rowMode` and `types`.
 */
export type Query =
  | string
  | (Omit<QueryConfig, 'values'> & { readonly values?: readonly unknown[]; readonly rowMode?: 'array' | undefined });
/** Its values, or undefined. */
export type Values = readonly unknown[] | undefined;

/**
 * A statement that would be sent, but whose answer the caller would never get. A cursor, a stream and a `pg.Query` take their answer by
 * themselves, and none of them can be run again; a callback would never be called.
 */
export function mistakeIn(query: unknown, values: unknown): TypeError | undefined {
  if (!isSubmittable(query) && typeof values !== 'function') return undefined;
  const mistake = new TypeError(
    isSubmittable(query)
      ? 'a statement must be a text or { text, values }; a cursor, a stream or a pg.Query needs a client of router.primary.connect() or router.replica.connect()'
      : 'values must be a list; for a callback use router.primary or router.replica',
  );
  noteUndone(mistake);
  return mistake;
}

/**
 * Up to 8.23.0 node-postgres stores the callback in the caller's own object. An object with its own class is wrapped by
 * inheritance; others are copied, because an engine slows down an object that becomes a prototype.
 */
export function copyOf(query: Query): Query {
  if (typeof query !== 'object' || query === null || 'submit' in query) return query;
  return Object.getPrototypeOf(query) === Object.prototype ? { ...query } : Object.create(query);
}

/** The same statement without a name. It is parsed again, whatever the connection has prepared. */
export function unprepared(query: Query): Query {
  return Object.assign(copyOf(query) as object, { name: undefined }) as unknown as Query;
}

export function isNamed(query: Query): boolean {
  return typeof query === 'object' && Boolean((query as { readonly name?: unknown } | null)?.name);
}
