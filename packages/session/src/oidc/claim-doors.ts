import {
  type Decider,
  type Decision,
  RegionKitError,
  type RequestView,
  type WithDoors,
  withDoors,
} from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import { chain } from '../chain.ts';
import { refuseBy } from '../refuse.ts';
import type { Session } from '../session.ts';
import type { FrozenJson, FrozenObject } from '../strict-json.ts';
import type { SessionVerifier } from '../verifier.ts';

/** 403: the session is valid, but its token lacks a scope or a claim. */
export class InsufficientScopeError extends RegionKitError<'ERR_SESSION_SCOPE'> {
  constructor(scopes: readonly string[] = []) {
    const scope = scopes.length > 0 ? `, scope="${scopes.join(' ')}"` : '';
    super('ERR_SESSION_SCOPE', 'the session lacks a scope or a claim that this needs', {
      status: 403,
      headers: { 'www-authenticate': `Bearer error="insufficient_scope"${scope}` },
    });
  }
}

/** The parts of a verifier that the doors use. The claims must be those of the token: no schema that drops `scope`. */
type Sessions = Pick<SessionVerifier<FrozenObject>, 'require' | 'of'>;

/** The characters of a scope ([RFC 6749 section 3.3](https://www.rfc-editor.org/rfc/rfc6749#section-3.3)). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * Returns a door that lets a request pass if its token has all of these scopes, in the claim `scope`
 * ([RFC 8693 section 4.2](https://www.rfc-editor.org/rfc/rfc8693#section-4.2)) or `scp`. Otherwise it answers as
 * `sessions.require()`, or 403 with the scopes that are needed.
 *
 * @example
 * ```ts
 * app.use('/orders', requiredScopes(sessions, 'read:orders write:orders').express());
 * ```
 *
 * @throws {TypeError | RangeError} The scopes are not a text or a list of scopes, or there is none.
 */
export function requiredScopes(sessions: Sessions, scopes: string | readonly string[]): WithDoors<Decider> {
  const wanted = (typeof scopes === 'string' ? scopes.split(' ') : scopes).filter((scope) => scope !== '');
  if (wanted.length === 0) throw new RangeError('requiredScopes: scopes must name at least one scope');
  for (const scope of wanted) {
    if (!SCOPE.test(check.string('requiredScopes: scopes', scope)))
      throw new RangeError('requiredScopes: a scope must be printable ASCII without spaces, quotes and backslashes');
  }
  return claimDoor(sessions, wanted, ({ claims }) => {
    const given = scopesOf(claims['scope'] ?? claims['scp']);
    return wanted.every((scope) => given.includes(scope));
  });
}

/**
 * Returns a door that lets a request pass if a claim of its token is exactly this value. Otherwise it answers as
 * `sessions.require()`, or 403.
 *
 * @example
 * ```ts
 * app.use('/admin', claimEquals(sessions, 'isAdmin', true).express());
 * ```
 *
 * @throws {TypeError} `claim` is not a non-empty string, or `value` is not a string, number, boolean or null.
 */
export function claimEquals(
  sessions: Sessions,
  claim: string,
  value: string | number | boolean | null,
): WithDoors<Decider> {
  check.string('claimEquals: claim', claim);
  if (value !== null && !['string', 'number', 'boolean'].includes(typeof value))
    throw new TypeError('claimEquals: value must be a string, a number, a boolean or null');
  return claimDoor(sessions, [], ({ claims }) => Object.hasOwn(claims, claim) && claims[claim] === value);
}

function scopesOf(claim: FrozenJson | undefined): readonly unknown[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim : [];
}

function claimDoor(
  sessions: Sessions,
  scopes: readonly string[],
  suffices: (session: Session<FrozenObject>) => boolean,
): WithDoors<Decider> {
  const door = sessions.require();
  const judge = (decision: Decision, request: RequestView): Decision => {
    // A preflight that passes has no session.
    if (decision.action !== 'next' || decision.reason === 'preflight') return decision;
    return suffices(sessions.of(request.raw))
      ? decision
      : refuseBy(new InsufficientScopeError(scopes), 'scope', request);
  };
  return withDoors<Decider>({
    kind: 'session',
    decide: (request) =>
      chain(door.decide(request) as Decision | Promise<Decision>, (decision) => judge(decision, request)),
  });
}
