import type { RequestView } from '@regionkit/core';
import { dropRejection } from '@regionkit/core/kit';
import type { Judge, Judgement } from './judge.ts';
import type { TokenSource } from './token-source.ts';

/** A request with more different tokens than this gets status 400, with either option. */
const MAX_TOKENS = 4;

const NONE: readonly string[] = Object.freeze([]);

/** The different tokens of a request. A token that is sent twice counts once. */
export function tokensOf(request: RequestView, from: readonly TokenSource[]): readonly string[] {
  let found: readonly string[] = NONE;
  for (const source of from) {
    const tokens = dropRejection(source.read(request));
    // The usual request: one token, at one place.
    if (found.length === 0 && tokens.length <= 1) {
      found = tokens;
      continue;
    }
    const all = [...found];
    for (const token of tokens) if (!all.includes(token)) all.push(token);
    found = all;
  }
  return found;
}

/**
 * Finds the one valid token among several, and returns its session. Two valid tokens are ambiguous: an attacker may
 * have planted one. If one token cannot be judged now, it may be the right one, so the result is `unavailable`.
 */
export async function judgeSeveral<Claims>(
  tokens: readonly string[],
  judge: Judge<Claims>,
): Promise<Judgement<Claims> | 'ambiguous'> {
  if (tokens.length > MAX_TOKENS) return 'ambiguous';
  const judged = await Promise.all(tokens.map((token) => judge(token)));
  if (judged.includes('unavailable')) return 'unavailable';
  const valid = judged.filter((one) => typeof one !== 'string');
  if (valid.length > 1) return 'ambiguous';
  return valid[0] ?? (judged[0] as Judgement<Claims>);
}
