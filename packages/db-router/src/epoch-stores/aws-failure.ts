import type { EpochStoreFailure } from '../history/epoch-store.ts';

const BY_NAME: Readonly<Record<string, EpochStoreFailure>> = {
  PreconditionFailed: 'conflict',
  ConditionalRequestConflict: 'conflict',
  ConditionalCheckFailedException: 'conflict',
  TransactionConflictException: 'conflict',
  ParameterAlreadyExists: 'conflict',
  TooManyUpdates: 'conflict',
  NoSuchBucket: 'missing',
  ResourceNotFoundException: 'missing',
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
  AllAccessDisabled: 'denied',
  CredentialsProviderError: 'denied',
  ExpiredToken: 'denied',
  ExpiredTokenException: 'denied',
  InvalidAccessKeyId: 'denied',
  InvalidSignatureException: 'denied',
  SignatureDoesNotMatch: 'denied',
  TokenProviderError: 'denied',
  UnrecognizedClientException: 'denied',
  LimitExceededException: 'throttled',
  ProvisionedThroughputExceededException: 'throttled',
  RequestLimitExceeded: 'throttled',
  SlowDown: 'throttled',
  ThrottledException: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  TooManyRequestsException: 'throttled',
  AbortError: 'timeout',
  RequestTimeout: 'timeout',
  TimeoutError: 'timeout',
  HierarchyLevelLimitExceededException: 'refused',
  ParameterMaxVersionLimitExceeded: 'refused',
  ValidationException: 'refused',
};

const LOST: ReadonlySet<unknown> = new Set(['ECONNRESET', 'EPIPE']);

/** Why a call of an AWS SDK failed. The error itself is not passed on: it contains the request and the answer. */
export function awsFailureOf(error: unknown): EpochStoreFailure | undefined {
  // The SDK calls it a timeout when a connection is lost.
  if (LOST.has((error as { readonly code?: unknown } | undefined)?.code)) return 'unavailable';
  const name = nameOf(error);
  return name !== undefined && Object.hasOwn(BY_NAME, name) ? BY_NAME[name] : undefined;
}

export function nameOf(error: unknown): string | undefined {
  const name: unknown = (error as { readonly name?: unknown } | undefined | null)?.name;
  return typeof name === 'string' ? name : undefined;
}
