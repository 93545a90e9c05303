import type { Query } from './query.ts';

const ADVISORY_LOCK = /\bpg_(?:try_)?advisory_(?:xact_)?lock(?:_shared)?"?\s*\(/i;

/**
 * Whether a statement takes an advisory lock, judged by its own text. A lock inside a function or a view is not detected, and
 * neither is a name with a comment or escapes in it: this helps against a mistake, and is no guard. On a standby such a lock
 * succeeds but excludes no other session
 * (https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-USERS).
 */
export function takesAdvisoryLock(query: Query | { readonly text?: unknown }): boolean {
  const text = typeof query === 'string' ? query : query?.text;
  // Most statements on one row have no bracket. Looking for one costs almost nothing.
  return typeof text === 'string' && text.includes('(') && ADVISORY_LOCK.test(text);
}
