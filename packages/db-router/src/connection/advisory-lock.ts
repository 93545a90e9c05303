import type { Query } from './query.ts';

const ADVISORY_LOCK = /\bpg_(?:try_)?advisory_(?:xact_)?lock(?:_shared)?\s*\(/i;

/**
 * Whether a statement takes an advisory lock, judged by its own text. A lock inside a function is not detected. On a
 * standby such a lock succeeds but excludes no other session
 * (https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-USERS).
 */
export function takesAdvisoryLock(query: Query | { readonly text?: unknown }): boolean {
  const text = typeof query === 'string' ? query : query?.text;
  // Most statements are short and do not contain the word. Searching for a part of it first costs almost nothing.
  return typeof text === 'string' && text.length > 16 && ADVISORY_LOCK.test(text);
}
