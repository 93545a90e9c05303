import type { RequestView } from '@regionkit/core';
import type { Judge, Judgement } from './judge.ts';
import type { TokenSource } from './token-source.ts';

/** What becomes of a request that carries several different tokens. */
export type SeveralTokens = 'refuse' | 'only-valid';

/** Whoever sends more different tokens than this is answered 400, whatever the option says. */
const MAX_TOKENS = 4;

/** The different tokens of a request: a token that is sent twice is one. */
export function tokensOf(request: RequestView, from: readonly TokenSource[]): readonly string[] {
  const tokens: string[] = [];
  for (const source of from) {
    for (const token of source.read(request)) if (!tokens.includes(token)) tokens.push(token);
  }
  return tokens;
}

/**
 * The session of the one token among several that is valid. Two valid ones are ambiguous, for one of them may have been
 * planted; if one cannot be judged now, it may be the right one.
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
