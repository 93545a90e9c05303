export type { StandardResult, StandardSchema } from '@regionkit/core';
export type { SessionAlgorithm } from './algorithms.ts';
export { type RevocationEpochs, type SignOutScope, signOut } from './epochs.ts';
export {
  AmbiguousCredentialsError,
  InsufficientRoleError,
  InvalidTokenError,
  type InvalidTokenReason,
  MissingTokenError,
  NoSessionDoorError,
  type RejectionReason,
  type SessionErrorCode,
  VerifierUnavailableError,
} from './errors.ts';
export type { SessionEvents } from './events.ts';
export { generateSigningKeys, type SigningKeys } from './generate-signing-keys.ts';
export {
  createSessionIssuer,
  type SessionGrant,
  type SessionIssuer,
  type SessionIssuerEvents,
  type SessionIssuerOptions,
} from './issuer.ts';
export type { KeySource } from './keys/key-set.ts';
export { KeySetError, type KeySetReason } from './keys/key-set-error.ts';
export type { KeyState } from './keys/key-store.ts';
export type { RemoteKeysOptions } from './keys/remote-options.ts';
export type { SigningKeySource } from './keys/signing-key.ts';
export type { UnknownKeyRefresh } from './keys/unknown-key.ts';
export type { RevocationContext, SessionCacheOptions, SessionVerifierOptions } from './options.ts';
export type { RolesOption, Session } from './session.ts';
export {
  CookieTooLargeError,
  createSessionCookie,
  type SessionCookie,
  type SessionCookieOptions,
} from './session-cookie.ts';
export type { RequiredRoles } from './session-doors.ts';
export type { FrozenJson, FrozenObject, LargeIntegers } from './strict-json.ts';
export { bearer, type CookieSourceOptions, cookie, type SeveralTokens, type TokenSource } from './token-source.ts';
export { createSessionVerifier, type KeyStats, type SessionStats, type SessionVerifier } from './verifier.ts';
