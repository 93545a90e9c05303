import type { RegionKitError, RequestView, RespondDecision } from '@regionkit/core';
import {
  AmbiguousCredentialsError,
  InsufficientRoleError,
  InvalidTokenError,
  MissingTokenError,
  type RejectionReason,
  VerifierUnavailableError,
} from './errors.ts';

/** The error for a reason. It is created where it is thrown, so that its stack is useful. */
export function errorOf(reason: RejectionReason, realm: string): RegionKitError {
  if (reason === 'missing') return new MissingTokenError(realm);
  if (reason === 'ambiguous') return new AmbiguousCredentialsError(realm);
  if (reason === 'role') return new InsufficientRoleError(realm);
  if (reason === 'unavailable') return new VerifierUnavailableError();
  return new InvalidTokenError(reason, realm);
}

/**
 * The answer to a refused request: the headers of the error and a body of
 * [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457). All constants, except the realm.
 */
export function refuse(reason: RejectionReason, realm: string, request: RequestView): RespondDecision {
  return refuseBy(errorOf(reason, realm), reason, request);
}

/** The same for an error that is not of the verifier. */
export function refuseBy(error: RegionKitError, reason: string, request: RequestView): RespondDecision {
  const { status, code, message } = error;
  const headers: [string, string][] = Object.entries(error.headers);
  headers.push(['content-type', 'application/problem+json']);
  // A script of another origin can read the challenge only if the answer exposes it.
  if (request.header('origin').length > 0) {
    const exposed = status === 503 ? 'retry-after' : 'www-authenticate';
    headers.push(['access-control-expose-headers', exposed]);
  }
  return {
    action: 'respond',
    reason,
    status,
    headers,
    body: JSON.stringify({ type: 'about:blank', status, code, detail: message }),
  };
}
