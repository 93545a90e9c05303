import { check, dropRejection } from '@regionkit/core/kit';
import type { Check } from './check.ts';

/** The part of the verifier of `@regionkit/session` that this check uses. */
export interface SessionsLike {
  stats(): {
    readonly keys: readonly unknown[];
    readonly keyState?: string | undefined;
    readonly fetchedMsAgo?: number | undefined;
  };
}

/**
 * Checks that there is a key to verify sessions with. It warns if the keys were fetched longer than `warnAfterMs` ago.
 */
export function sessionKeysCheck(
  sessions: () => SessionsLike,
  { warnAfterMs = 86_400_000 }: { readonly warnAfterMs?: number } = {},
): Check {
  check.function('checks.sessionKeys: sessions', sessions);
  check.number('checks.sessionKeys: warnAfterMs', warnAfterMs);
  return () => {
    const { keys, keyState, fetchedMsAgo = 0 } = dropRejection(sessions()).stats();
    if (keys.length === 0) return { status: 'fail', message: 'there is no key' };
    if (keyState === 'expired') return { status: 'fail', message: 'the keys have expired' };
    return { status: fetchedMsAgo > warnAfterMs ? 'warn' : 'pass', observed: keys.length, unit: 'keys' };
  };
}
