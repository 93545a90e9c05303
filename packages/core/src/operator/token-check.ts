import type { RequestView } from '../http/decision.ts';
import { equalInConstantTime, type Secrets } from '../kit/keyring.ts';
import { isLive, type Live } from '../live.ts';

/** How the option is called in an error, and how short a token may be. */
export interface TokenRules {
  readonly option: string;
  readonly minBytes: number;
}

/** What a request can bring: the rest of a longer one, or another letter, would never match. */
const SENDABLE = /^[\x21-\x7e]{1,512}$/;

/** @param minBytes a character that can be sent is one byte */
const isSendable = (each: unknown, minBytes: number): each is string =>
  typeof each === 'string' && each.length >= minBytes && SENDABLE.test(each);

/** The token to send: the first one that a check of tokens would accept. Undefined: there is none now. */
export function tokenToSend(
  token: Secrets | Live<Secrets | undefined> | undefined,
  minBytes: number,
): string | undefined {
  try {
    return list(isLive(token) ? token.current : token).find((each) => isSendable(each, minBytes));
  } catch {
    // A secret that has expired.
    return undefined;
  }
}

/** Whether a request carries the token. Compares in constant time. */
export function createTokenCheck(
  token: Secrets | Live<Secrets> | undefined,
  { option, minBytes }: TokenRules,
): (request: RequestView) => boolean {
  if (token === undefined) return () => false;
  const isGood = (each: unknown): boolean => isSendable(each, minBytes);
  const live: Live<Secrets> | undefined = isLive(token) ? token : undefined;
  let source: Secrets | undefined = live === undefined ? (token as Secrets) : live.current;
  // A copy: what the app adds later was not checked.
  let tokens: readonly string[] = [...list(source)];
  if (tokens.length === 0 || !tokens.every((each) => typeof each === 'string')) {
    throw new TypeError(`${option} must be a token or a list of tokens`);
  }
  if (!tokens.every((each) => Buffer.byteLength(each) >= minBytes)) {
    throw new RangeError(`${option} must be at least ${minBytes} bytes long`);
  }
  if (!tokens.every(isGood)) {
    throw new RangeError(`${option} must be visible ASCII characters without spaces, at most 512`);
  }
  const update = (from: Live<Secrets>): void => {
    try {
      if (from.current === source) return;
      source = from.current;
      // If a live value turns bad, nothing is accepted: a short token could be guessed.
      tokens = list(source).filter(isGood);
    } catch {
      // The same while it cannot be read, for example an expired secret. The same value may come back.
      source = undefined;
      tokens = [];
    }
  };
  return (request) => {
    const given = request.header('authorization');
    if (given.length !== 1) return false;
    const match = /^Bearer (\S+)$/i.exec(given[0] as string)?.[1];
    if (match === undefined || !SENDABLE.test(match)) return false;
    if (live !== undefined) update(live);
    return tokens.some((each) => equalInConstantTime(each, match));
  };
}

/** Empty if it is neither a token nor a list. */
function list(given: unknown): readonly string[] {
  if (typeof given === 'string') return [given];
  return Array.isArray(given) ? given : [];
}
