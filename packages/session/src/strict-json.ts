import { writtenMembers } from '@regionkit/core/kit';
import { bareObject } from './bare-object.ts';

/** Any JSON value, deeply frozen. Objects have no prototype, so no claim can come from one. */
export type FrozenJson =
  | string
  | number
  | boolean
  | null
  | readonly FrozenJson[]
  | { readonly [member: string]: FrozenJson };

/** A JSON object, deeply frozen. */
export type FrozenObject = { readonly [member: string]: FrozenJson };

const MAX_DEPTH = 32;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** What happens to an integer beyond 2^53, which JavaScript cannot hold exactly. */
export type LargeIntegers = 'reject' | 'round';

/**
 * Reads a JSON object by the rules of [RFC 7493](https://www.rfc-editor.org/rfc/rfc7493) (I-JSON): member names are
 * unique, strings are Unicode, and JavaScript holds each number exactly. Otherwise two parsers could read different
 * claims from one token.
 *
 * @param bytes the same text in UTF-8
 */
export function parseStrictJson(
  text: string,
  largeIntegers: LargeIntegers = 'reject',
  bytes: Uint8Array = Buffer.from(text),
): FrozenObject | 'not-json' | 'duplicate-member' {
  const members = writtenMembers(bytes, MAX_DEPTH);
  if (members === undefined) return 'not-json';
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'not-json';
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'not-json';
  // A string of it can hold a lone surrogate only if the text does, or escapes one.
  const escapes = text.includes('\\u') || LONE_SURROGATE.test(text);
  const tally = { members: 0, sound: true, rounds: largeIntegers === 'round', escapes };
  const frozen = freeze(parsed, tally) as FrozenObject;
  if (!tally.sound) return 'not-json';
  return tally.members === members ? frozen : 'duplicate-member';
}

interface Tally {
  members: number;
  sound: boolean;
  readonly rounds: boolean;
  readonly escapes: boolean;
}

function freeze(value: unknown, tally: Tally): FrozenJson {
  if (typeof value === 'string') {
    if (tally.escapes && LONE_SURROGATE.test(value)) tally.sound = false;
    return value;
  }
  if (typeof value === 'number') {
    const isExact = tally.rounds || !Number.isInteger(value) || Number.isSafeInteger(value);
    if (!Number.isFinite(value) || !isExact) tally.sound = false;
    return value;
  }
  if (typeof value !== 'object' || value === null) return value as boolean | null;
  if (Array.isArray(value)) return Object.freeze(value.map((item) => freeze(item, tally)));
  const copy = bareObject() as Record<string, FrozenJson>;
  for (const name of Object.keys(value)) {
    tally.members += 1;
    freeze(name, tally);
    copy[name] = freeze((value as Record<string, unknown>)[name], tally);
  }
  return Object.freeze(copy);
}
