import { hash } from 'node:crypto';
import { createRecentCache } from '@regionkit/core/kit';
import { copyOf } from './copy-of.ts';

/** What finds a remembered token: its digest, or the token itself. */
export type TokenName = 'digest' | 'token';

/** What was found out about tokens. Bounded; those without recent use are forgotten. */
export interface RememberedTokens<V> {
  /** Names a token. Two tokens have the same name only by a chance that an attacker cannot arrange. */
  nameOf(token: string): string;
  find(token: string, name: string): V | undefined;
  remember(token: string, name: string, value: V): void;
  forget(token: string, name: string): void;
  /** Forgets every token for whose value `keep` returns false. */
  sweep(keep: (value: V) => boolean): void;
  readonly size: number;
}

export function createRememberedTokens<V>({ max, keep }: { max: number; keep: TokenName }): RememberedTokens<V> {
  return keep === 'token' || max === 0 ? byToken(max) : byDigest(max);
}

/** A memory dump contains no tokens. */
function byDigest<V>(max: number): RememberedTokens<V> {
  const cache = createRecentCache<V>(max);
  return {
    nameOf: (token) => hash('sha256', token, 'binary'),
    find: (_token, name) => cache.get(name),
    remember: (_token, name, value) => cache.set(name, value),
    forget: (_token, name) => cache.delete(name),
    sweep: (keep) => cache.sweep(keep),
    get size() {
      return cache.size;
    },
  };
}

/** Enough of a signature to tell tokens apart: 32 bytes. Those that share it are compared and take turns. */
const TAIL = 43;

/**
 * The end of a token finds it, because V8 takes longer for the hash of a whole token than for all the rest. The tokens
 * are then compared.
 */
function byToken<V>(max: number): RememberedTokens<V> {
  const cache = createRecentCache<{ readonly token: string; readonly value: V }>(max);
  return {
    nameOf: (token) => token,
    find: (token) => {
      const found = cache.get(token.slice(-TAIL));
      return found?.token === token ? found.value : undefined;
    },
    remember: (token, _name, value) => {
      if (max === 0) return;
      const copy = copyOf(token);
      cache.set(copy.slice(-TAIL), { token: copy, value });
    },
    forget: (token) => cache.delete(token.slice(-TAIL)),
    sweep: (keep) => cache.sweep(({ value }) => keep(value)),
    get size() {
      return cache.size;
    },
  };
}
