import type { InvalidTokenReason } from './errors.ts';
import type { FrozenObject } from './strict-json.ts';

/** The registered claims of a token. Their types are checked. Times are in seconds since 1970, as in the token. */
export interface RegisteredClaims {
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
  readonly nbf: number | undefined;
  readonly sid: string | undefined;
  readonly jti: string | undefined;
}

/** The rules that the claims of a token must follow. They are checked once for each token. */
export interface ClaimRules {
  /** Undefined: not checked. */
  readonly issuers: ReadonlySet<string> | undefined;
  readonly audiences: ReadonlySet<string> | undefined;
  readonly maxLifetimeMs: number | undefined;
}

/**
 * Checks what never changes about a token: types, issuer, audience, lifetime
 * ([RFC 7519 section 4.1](https://www.rfc-editor.org/rfc/rfc7519#section-4.1), RFC 8725 sections 3.8 and 3.9).
 */
export function readClaims(claims: FrozenObject, rules: ClaimRules): RegisteredClaims | InvalidTokenReason {
  const { sub, iat, exp, nbf, sid, jti, iss, aud } = claims;
  if (typeof sub !== 'string' || sub === '' || typeof iat !== 'number' || typeof exp !== 'number') return 'claims';
  if (!isOptional(nbf, 'number') || !isOptional(sid, 'string') || !isOptional(jti, 'string')) return 'claims';
  if (rules.issuers !== undefined) {
    if (typeof iss !== 'string') return 'claims';
    if (!rules.issuers.has(iss)) return 'issuer';
  }
  if (rules.audiences !== undefined) {
    const audiences = typeof aud === 'string' ? [aud] : aud;
    if (!isStringList(audiences)) return 'claims';
    if (!audiences.some((audience) => rules.audiences?.has(audience))) return 'audience';
  }
  if (exp <= iat) return 'claims';
  if (rules.maxLifetimeMs !== undefined && (exp - iat) * 1_000 > rules.maxLifetimeMs) return 'lifetime';
  return {
    sub,
    iat,
    exp,
    nbf: nbf as number | undefined,
    sid: sid as string | undefined,
    jti: jti as string | undefined,
  };
}

/**
 * Checks the times of a token. It runs each time the token is presented, because clocks move on and sometimes move
 * back.
 */
export function checkTime(
  { exp, nbf, iat }: RegisteredClaims,
  nowMs: number,
  toleranceMs: number,
): InvalidTokenReason | undefined {
  if (exp * 1_000 <= nowMs - toleranceMs) return 'expired';
  if (iat * 1_000 > nowMs + toleranceMs || (nbf !== undefined && nbf * 1_000 > nowMs + toleranceMs)) {
    return 'not-yet-valid';
  }
  return undefined;
}

/** Whether a value is an array of strings. A string, or an object that looks like an array, is not. */
export function isStringList(value: unknown): value is readonly string[] {
  if (!Array.isArray(value)) return false;
  for (const item of value) if (typeof item !== 'string') return false;
  return true;
}

function isOptional(value: unknown, type: 'number' | 'string'): boolean {
  return value === undefined || typeof value === type;
}
