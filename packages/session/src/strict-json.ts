/** What JSON may hold, frozen all the way down; objects have no prototype, so no claim can be found on one. */
export type FrozenJson =
  | string
  | number
  | boolean
  | null
  | readonly FrozenJson[]
  | { readonly [member: string]: FrozenJson };

/** A JSON object, frozen all the way down. */
export type FrozenObject = { readonly [member: string]: FrozenJson };

const MAX_DEPTH = 32;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Reads a JSON object as RFC 7493 (I-JSON) has it: member names are unique, strings are Unicode, and numbers are what
 * JavaScript holds exactly, for two parsers must never see two different sets of claims in one token.
 */
export function parseStrictJson(text: string): FrozenObject | 'not-json' | 'duplicate-member' {
  const members = countMembers(text);
  if (members === undefined) return 'not-json';
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return 'not-json';
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return 'not-json';
  const tally = { members: 0, sound: true };
  const frozen = freeze(parsed, tally) as FrozenObject;
  if (!tally.sound) return 'not-json';
  return tally.members === members ? frozen : 'duplicate-member';
}

/**
 * Each member has one colon outside of strings; `JSON.parse` keeps one member of each name. So a text with more colons
 * than the parsed value has members names one twice. Undefined if it is nested too deep to be parsed at all.
 */
function countMembers(text: string): number | undefined {
  let members = 0;
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === BACKSLASH) at += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) quoted = true;
    else if (code === COLON) members += 1;
    else if (code === 0x7b || code === 0x5b) {
      depth += 1;
      if (depth > MAX_DEPTH) return undefined;
    } else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return members;
}

function freeze(value: unknown, tally: { members: number; sound: boolean }): FrozenJson {
  if (typeof value === 'string') {
    if (LONE_SURROGATE.test(value)) tally.sound = false;
    return value;
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))) tally.sound = false;
    return value;
  }
  if (typeof value !== 'object' || value === null) return value as boolean | null;
  if (Array.isArray(value)) return Object.freeze(value.map((item) => freeze(item, tally)));
  const copy: Record<string, FrozenJson> = Object.create(null);
  for (const name of Object.keys(value)) {
    tally.members += 1;
    if (LONE_SURROGATE.test(name)) tally.sound = false;
    copy[name] = freeze((value as Record<string, unknown>)[name], tally);
  }
  return Object.freeze(copy);
}
