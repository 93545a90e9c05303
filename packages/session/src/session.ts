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
 * What a schema made, copied and frozen all the way down: its own objects, such as a default that it gives to everybody,
 * stay as they are. Undefined if there is something in it that can still be changed after that, such as a `Date` or a
 * `Map`: then nobody may share it.
 */
export function frozenCopy(
  value: unknown,
  known: Map<object, object> = new Map(),
): { readonly value: unknown } | undefined {
  if (typeof value === 'function') return undefined;
  if (typeof value !== 'object' || value === null) return { value };
  const done = known.get(value);
  if (done !== undefined) return { value: done };
  const prototype: unknown = Object.getPrototypeOf(value);
  const list = Array.isArray(value) && prototype === Array.prototype;
  if (!list && prototype !== null && prototype !== Object.prototype) return undefined;
  const copy: object = list ? [] : Object.create(prototype as object | null);
  known.set(value, copy);
  for (const key of Reflect.ownKeys(value)) {
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property === undefined || !('value' in property)) return undefined;
    const inner = frozenCopy(property.value, known);
    if (inner === undefined) return undefined;
    Object.defineProperty(copy, key, { ...property, value: inner.value });
  }
  return { value: Object.freeze(copy) };
}
