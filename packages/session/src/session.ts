import { isStringList, type RegisteredClaims } from './claims.ts';
import { readonlySet } from './readonly-set.ts';
import type { FrozenObject } from './strict-json.ts';

/** A verified session. Frozen all the way down and without a prototype; shared by everybody who presents its token. */
export interface Session<Claims = FrozenObject> {
  /** Who this is. */
  readonly sub: string;
  /** Which of their sessions this is, if its issuer says so. */
  readonly sid: string | undefined;
  /** The token's own identifier, if it has one. */
  readonly jti: string | undefined;
  readonly roles: ReadonlySet<string>;
  /** When it was issued, in seconds since 1970. */
  readonly iat: number;
  /** When it ends, in seconds since 1970. */
  readonly exp: number;
  /** The key that verified it. */
  readonly kid: string;
  /** Every claim of the token; or what the schema of the `claims` option made of them. */
  readonly claims: Claims;
}

/** Where the roles of a session are: the name of a claim, or a function of all claims. */
export type RolesOption = string | ((claims: FrozenObject) => readonly string[] | undefined);

/** The roles in the claims; undefined if there is something there that is not a list of strings. */
export function readRoles(claims: FrozenObject, option: RolesOption): ReadonlySet<string> | undefined {
  const given: unknown = typeof option === 'function' ? option(claims) : claims[option];
  if (given === undefined) return readonlySet([]);
  return isStringList(given) ? readonlySet(given) : undefined;
}

export function createSession<Claims>(
  { sub, sid, jti, iat, exp }: RegisteredClaims,
  kid: string,
  roles: ReadonlySet<string>,
  claims: Claims,
): Session<Claims> {
  const session: Session<Claims> = { sub, sid, jti, roles, iat, exp, kid, claims };
  return Object.freeze({ __proto__: null, ...session });
}

/**
 * Freezes what a schema made, all the way down. False if there is something in it that can still be changed after that,
 * such as a `Date` or a `Map`: then nobody may share it.
 */
export function freezeDeep(value: unknown, seen: Set<object> = new Set()): boolean {
  if (typeof value === 'function') return false;
  if (typeof value !== 'object' || value === null || seen.has(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && !Array.isArray(value)) return false;
  seen.add(value);
  Object.freeze(value);
  return Reflect.ownKeys(value).every((key) => {
    const property = Object.getOwnPropertyDescriptor(value, key);
    return property !== undefined && 'value' in property && freezeDeep(property.value, seen);
  });
}
