import type { Query } from './query.ts';

const ADVISORY_LOCK = /\bpg_(?:try_)?advisory_(?:xact_)?lock(?:_shared)?\s*\(/i;

/**
 * Whether a statement takes an advisory lock, as far as its own text tells: one taken inside a function is not seen. On a
 * standby such a lock succeeds and excludes nobody (PostgreSQL, 27.4.1).
 */
export function takesAdvisoryLock(query: Query | { readonly text?: unknown }): boolean {
  const text = typeof query === 'string' ? query : query?.text;
  // Most statements are short and hold no such word: looking for a part of it first costs next to nothing.
  return typeof text === 'string' && text.length > 16 && ADVISORY_LOCK.test(text);
}
