import { RegionKitError } from '@regionkit/core';

/**
 * Why a token is refused. The set is closed; the same string is the label of events. It contains nothing of the token.
 */
export type InvalidTokenReason =
  /** Longer than `maxTokenBytes`. */
  | 'too-large'
  /** Not three non-empty segments ([RFC 7515 section 7.1](https://www.rfc-editor.org/rfc/rfc7515#section-7.1)). */
  | 'not-compact'
  /**
   * A segment is not canonical base64url: it has padding, white space, another alphabet, or trailing bits that are not
   * zero.
   */
  | 'not-canonical'
  /**
   * Header or claims are not a JSON object in valid UTF-8, at most 32 levels deep, with numbers that JavaScript holds
   * exactly.
   */
  | 'not-json'
  /** A member name occurs twice in one object. */
  | 'duplicate-member'
  /** `alg` is missing, not allowed, or not the algorithm of the key. */
  | 'algorithm'
  /** `typ` is not the expected one. */
  | 'type'
  /**
   * `crit` or `b64` is present. Neither is supported
   * ([RFC 7515 section 4.1.11](https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11),
   * [RFC 7797 section 7](https://www.rfc-editor.org/rfc/rfc7797#section-7)).
   */
  | 'critical'
  /** `kid` is not a short string; or it is missing and more than one key fits. */
  | 'key-id'
  /** No key has that `kid`, even after a refresh of the keys. */
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
  /** The schema of the option `claims` refused them. */
  | 'schema'
  /** Revoked by an epoch or by `isRevoked`. */
  | 'revoked';

/** Why a request is refused. */
export type RejectionReason = InvalidTokenReason | 'missing' | 'ambiguous' | 'role' | 'unavailable';

/** The codes of the errors of this package. */
export type SessionErrorCode =
  | 'ERR_SESSION_MISSING'
  | 'ERR_SESSION_AMBIGUOUS'
  | 'ERR_SESSION_INVALID'
  | 'ERR_SESSION_ROLE'
  | 'ERR_SESSION_UNAVAILABLE'
  | 'ERR_SESSION_KEY_SET'
  | 'ERR_SESSION_SCOPE'
  | 'ERR_SESSION_DISCOVERY'
  | 'ERR_SESSION_COOKIE_TOO_LARGE'
  | 'ERR_SESSION_NO_DOOR';

/**
 * The challenge of [RFC 6750 section 3](https://www.rfc-editor.org/rfc/rfc6750#section-3). Every part is a constant or
 * the checked option `realm`.
 */
function challenge(realm: string, error?: string, description?: string): Readonly<Record<string, string>> {
  const parts = [`Bearer realm="${realm}"`];
  if (error !== undefined) parts.push(`error="${error}"`);
  if (description !== undefined) parts.push(`error_description="${description}"`);
  return { 'www-authenticate': parts.join(', ') };
}

/**
 * 401: the request carries no token. The challenge names no error
 * ([RFC 6750 section 3.1](https://www.rfc-editor.org/rfc/rfc6750#section-3.1)).
 */
export class MissingTokenError extends RegionKitError<'ERR_SESSION_MISSING'> {
  constructor(realm = 'api') {
    super('ERR_SESSION_MISSING', 'this needs a session', { status: 401, headers: challenge(realm) });
  }
}

/**
 * 400: the request carries several different tokens, so it is not clear whose request it is
 * ([RFC 6750 section 2](https://www.rfc-editor.org/rfc/rfc6750#section-2)).
 */
export class AmbiguousCredentialsError extends RegionKitError<'ERR_SESSION_AMBIGUOUS'> {
  constructor(realm = 'api') {
    const message = 'the request carries more than one session token';
    super('ERR_SESSION_AMBIGUOUS', message, { status: 400, headers: challenge(realm, 'invalid_request', message) });
  }
}

/** 401: the token is refused. `reason` says why. The client learns only whether the token has expired. */
export class InvalidTokenError extends RegionKitError<'ERR_SESSION_INVALID'> {
  readonly reason: InvalidTokenReason;

  constructor(reason: InvalidTokenReason, realm = 'api') {
    const message = reason === 'expired' ? 'the session token has expired' : 'the session token is not valid';
    super('ERR_SESSION_INVALID', message, { status: 401, headers: challenge(realm, 'invalid_token', message) });
    this.reason = reason;
  }
}

/** 403: the session is valid, but it lacks a role. */
export class InsufficientRoleError extends RegionKitError<'ERR_SESSION_ROLE'> {
  constructor(realm = 'api') {
    const message = 'the session lacks a role that this needs';
    super('ERR_SESSION_ROLE', message, { status: 403, headers: challenge(realm, 'insufficient_scope', message) });
  }
}

/** 503: the token cannot be judged now. There are no keys yet, or a hook failed. The client did nothing wrong. */
export class VerifierUnavailableError extends RegionKitError<'ERR_SESSION_UNAVAILABLE'> {
  constructor() {
    super('ERR_SESSION_UNAVAILABLE', 'sessions cannot be verified right now', {
      status: 503,
      headers: { 'retry-after': '1' },
      expose: true,
    });
  }
}

/** 500: the request passed no door of this verifier before `of` was called. This is a mistake in the app. */
export class NoSessionDoorError extends RegionKitError<'ERR_SESSION_NO_DOOR'> {
  constructor() {
    super('ERR_SESSION_NO_DOOR', 'mount sessions.optional() or sessions.require() before a handler that asks for one');
  }
}
