import { RegionKitError } from '@regionkit/core';

/** Why a token is refused: a closed set, also the label of events. Nothing of the token itself is in it. */
export type InvalidTokenReason =
  /** Longer than `maxTokenBytes`. */
  | 'too-large'
  /** Not three segments with something in each (RFC 7515 section 7.1). */
  | 'not-compact'
  /** A segment is not base64url in its one spelling: padding, white space, another alphabet, stray trailing bits. */
  | 'not-canonical'
  /** Header or claims are not a JSON object of valid UTF-8, at most 32 deep, with numbers JavaScript holds exactly. */
  | 'not-json'
  /** A member name occurs twice in one object. */
  | 'duplicate-member'
  /** `alg` is missing, not allowed, or not the one algorithm of the key. */
  | 'algorithm'
  /** `typ` is not the expected one. */
  | 'type'
  /** `crit` or `b64` is present: nothing of it is supported (RFC 7515 section 4.1.11, RFC 7797 section 7). */
  | 'critical'
  /** `kid` is not a short string, or it is missing and more than one key could be meant. */
  | 'key-id'
  /** No key of that `kid` is known, also after the keys were refreshed. */
  | 'unknown-key'
  | 'signature'
  /** A registered claim is missing or of the wrong type: `exp`, `iat`, `sub`, `nbf`, `sid`, `iss`, `aud`, the roles. */
  | 'claims'
  | 'issuer'
  | 'audience'
  | 'expired'
  /** `nbf` or `iat` is in the future. */
  | 'not-yet-valid'
  /** `exp` is more than `maxLifetimeMs` after `iat`. */
  | 'lifetime'
  /** The schema of the `claims` option refused them. */
  | 'schema'
  /** By an epoch, or by `isRevoked`. */
  | 'revoked';

/** Why a request gets no further. */
export type RejectionReason = InvalidTokenReason | 'missing' | 'ambiguous' | 'role' | 'unavailable';

/** The codes of the errors of this package. */
export type SessionErrorCode =
  | 'ERR_SESSION_MISSING'
  | 'ERR_SESSION_AMBIGUOUS'
  | 'ERR_SESSION_INVALID'
  | 'ERR_SESSION_ROLE'
  | 'ERR_SESSION_UNAVAILABLE'
  | 'ERR_SESSION_KEY_SET'
  | 'ERR_SESSION_COOKIE_TOO_LARGE'
  | 'ERR_SESSION_NO_DOOR';

/** The challenge of RFC 6750 section 3. Every part is a constant or the checked `realm` option. */
function challenge(realm: string, error?: string, description?: string): Readonly<Record<string, string>> {
  const parts = [`Bearer realm="${realm}"`];
  if (error !== undefined) parts.push(`error="${error}"`);
  if (description !== undefined) parts.push(`error_description="${description}"`);
  return { 'www-authenticate': parts.join(', ') };
}

/** 401: the request carries no token. The challenge names no error (RFC 6750 section 3.1). */
export class MissingTokenError extends RegionKitError<'ERR_SESSION_MISSING'> {
  constructor(realm = 'api') {
    super('ERR_SESSION_MISSING', 'this needs a session', { status: 401, headers: challenge(realm) });
  }
}

/** 400: the request carries more than one token, so nobody can say whose it is (RFC 6750 section 2). */
export class AmbiguousCredentialsError extends RegionKitError<'ERR_SESSION_AMBIGUOUS'> {
  constructor(realm = 'api') {
    const message = 'the request carries more than one session token';
    super('ERR_SESSION_AMBIGUOUS', message, { status: 400, headers: challenge(realm, 'invalid_request', message) });
  }
}

/** 401: the token is refused. `reason` says why; the client is told only whether it has expired. */
export class InvalidTokenError extends RegionKitError<'ERR_SESSION_INVALID'> {
  readonly reason: InvalidTokenReason;

  constructor(reason: InvalidTokenReason, realm = 'api') {
    const message = reason === 'expired' ? 'the session token has expired' : 'the session token is not valid';
    super('ERR_SESSION_INVALID', message, { status: 401, headers: challenge(realm, 'invalid_token', message) });
    this.reason = reason;
  }
}

/** 403: the session is good, and lacks a role. */
export class InsufficientRoleError extends RegionKitError<'ERR_SESSION_ROLE'> {
  constructor(realm = 'api') {
    const message = 'the session lacks a role that this needs';
    super('ERR_SESSION_ROLE', message, { status: 403, headers: challenge(realm, 'insufficient_scope', message) });
  }
}

/** 503: nobody can tell now whether the token is good: no keys yet, or a hook failed. Never the client's fault. */
export class VerifierUnavailableError extends RegionKitError<'ERR_SESSION_UNAVAILABLE'> {
  constructor() {
    super('ERR_SESSION_UNAVAILABLE', 'sessions cannot be verified right now', {
      status: 503,
      headers: { 'retry-after': '1' },
      expose: true,
    });
  }
}

/** 500: `of` was asked for the session of a request that passed no door of this verifier. A mistake in the app. */
export class NoSessionDoorError extends RegionKitError<'ERR_SESSION_NO_DOOR'> {
  constructor() {
    super('ERR_SESSION_NO_DOOR', 'mount sessions.optional() or sessions.require() before a handler that asks for one');
  }
}
