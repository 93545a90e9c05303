import { createRecentCache, dropRejection } from '@regionkit/core/kit';
import { bareObject } from './bare-object.ts';
import { isStringList, type RegisteredClaims } from './claims.ts';
import { readonlySet } from './readonly-set.ts';
import type { FrozenObject } from './strict-json.ts';

/** A verified session. It is deeply frozen and has no prototype. All requests with the same token share it. */
export interface Session<Claims = FrozenObject> {
  /** The subject: the user. */
  readonly sub: string;
  /** Identifies this session of the subject, if the issuer sets it. */
  readonly sid: string | undefined;
  /** The identifier of the token, if it has one. */
  readonly jti: string | undefined;
  readonly roles: ReadonlySet<string>;
  /** Time of issue, in seconds since 1970. */
  readonly iat: number;
  /** End of the session, in seconds since 1970. */
  readonly exp: number;
  /** The key that verified the token. */
  readonly kid: string;
  /** Every claim of the token, or the output of the schema in the option `claims`. */
  readonly claims: Claims;
}

/** Where the roles of a session are: the name of a claim, or a function of all claims. */
export type RolesOption = string | ((claims: FrozenObject) => readonly string[] | undefined);

/** Most sessions of an app have one of few sets of roles. */
const SETS_KEPT = 64;
const MAX_KEPT_LENGTH = 512;

/**
 * Makes the function that reads the roles in the claims: undefined if the value is not a list of strings. Sessions with
 * equal roles share one set.
 */
export function createRoleReader(option: RolesOption): (claims: FrozenObject) => ReadonlySet<string> | undefined {
  const sets = createRecentCache<ReadonlySet<string>>(SETS_KEPT);
  return (claims) => {
    const given: unknown = typeof option === 'function' ? dropRejection<unknown>(option(claims)) : claims[option];
    const roles = given === undefined ? [] : given;
    if (!isStringList(roles)) return undefined;
    // Most sessions have one role. A list in JSON begins with a bracket, so the two never have the same name.
    const name = roles.length === 1 ? `1${roles[0]}` : JSON.stringify(roles);
    const known = sets.get(name);
    if (known !== undefined) return known;
    const set = readonlySet(roles);
    if (name.length <= MAX_KEPT_LENGTH) sets.set(name, set);
    return set;
  };
}

export function createSession<Claims>(
  { sub, sid, jti, iat, exp }: RegisteredClaims,
  kid: string,
  roles: ReadonlySet<string>,
  claims: Claims,
): Session<Claims> {
  const session = bareObject() as { -readonly [Member in keyof Session<Claims>]: Session<Claims>[Member] };
  session.sub = sub;
  session.sid = sid;
  session.jti = jti;
  session.roles = roles;
  session.iat = iat;
  session.exp = exp;
  session.kid = kid;
  session.claims = claims;
  return Object.freeze(session);
}

/**
 * A deeply frozen copy of the output of a schema. The schema's own objects, such as a shared default, do not change.
 * Undefined if the output contains something that stays mutable, such as a `Date` or a `Map`: it cannot be shared.
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
