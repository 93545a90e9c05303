import { asSourceError, type Failure, SourceError } from '../failure.ts';

const BY_NAME: Readonly<Record<string, Failure>> = {
  ResourceNotFoundException: 'not-found',
  ParameterNotFound: 'not-found',
  ParameterVersionNotFound: 'not-found',
  AccessDeniedException: 'denied',
  UnrecognizedClientException: 'denied',
  InvalidSignatureException: 'denied',
  MissingAuthenticationToken: 'denied',
  DecryptionFailure: 'undecryptable',
  InvalidKeyId: 'undecryptable',
  KMSAccessDeniedException: 'undecryptable',
  ExpiredTokenException: 'credentials',
  ExpiredToken: 'credentials',
  CredentialsProviderError: 'credentials',
  TokenProviderError: 'credentials',
  // What STS says of the token that credentials are made from. Neither service that is read here uses these codes.
  AccessDenied: 'credentials',
  IDPCommunicationError: 'credentials',
  IDPRejectedClaim: 'credentials',
  InvalidIdentityToken: 'credentials',
  // The SDK's own lists, of what it tries again: a test holds them against it.
  BandwidthLimitExceeded: 'throttled',
  EC2ThrottledException: 'throttled',
  LimitExceededException: 'throttled',
  PriorRequestNotComplete: 'throttled',
  ProvisionedThroughputExceededException: 'throttled',
  RequestLimitExceeded: 'throttled',
  RequestThrottled: 'throttled',
  RequestThrottledException: 'throttled',
  SlowDown: 'throttled',
  ThrottledException: 'throttled',
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  TooManyRequestsException: 'throttled',
  TransactionInProgressException: 'throttled',
  RequestTimeout: 'timeout',
  RequestTimeoutException: 'timeout',
  TimeoutError: 'timeout',
  InternalServiceError: 'unavailable',
  InternalServerError: 'unavailable',
  ServiceUnavailable: 'unavailable',
};

/** What an error code of AWS means; undefined if it says nothing. */
export function failureOfCode(code: string, message: string): Failure | undefined {
  // A secret on its way out is gone for whoever reads it.
  if (code === 'InvalidRequestException' && /marked for deletion/i.test(message)) return 'not-found';
  return Object.hasOwn(BY_NAME, code) ? BY_NAME[code] : undefined;
}

/** What an error of the SDK means. The error itself goes no further: it carries the request and the answer. */
export function classify(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  if (typeof error !== 'object' || error === null) return new SourceError('unknown');
  const { name, message } = error as { readonly name?: unknown; readonly message?: unknown };
  const known = failureOfCode(String(name), String(message));
  if (known !== undefined) return new SourceError(known);
  // The answer was not JSON, or stopped in the middle: whatever spoke was not the service.
  if (name === 'SyntaxError') return new SourceError('unavailable');
  // The SDK reads files for credentials and profiles only (a web identity token, ~/.aws): no secret is in one.
  return isOfFile(error, 0) ? new SourceError('credentials') : asSourceError(error);
}

const OF_FILE = new Set([
  'ENOENT',
  'EACCES',
  'EPERM',
  'EISDIR',
  'ENOTDIR',
  'ELOOP',
  'EMFILE',
  'ENFILE',
  'ENAMETOOLONG',
]);

function isOfFile(error: unknown, depth: number): boolean {
  if (typeof error !== 'object' || error === null || depth > 3) return false;
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
  return OF_FILE.has(code as string) || isOfFile(cause, depth + 1);
}
