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
  // STS errors about the token behind the credentials. Neither of the two services that we read uses these codes.
  AccessDenied: 'credentials',
  IDPCommunicationError: 'credentials',
  IDPRejectedClaim: 'credentials',
  InvalidIdentityToken: 'credentials',
  // The SDK's own lists of errors to retry. A test compares them with the SDK.
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

/** Maps an error code of AWS to a failure. Undefined if the code is unknown. */
export function failureOfCode(code: string, message: string): Failure | undefined {
  // A secret that is marked for deletion cannot be read any more.
  if (code === 'InvalidRequestException' && /marked for deletion/i.test(message)) return 'not-found';
  return Object.hasOwn(BY_NAME, code) ? BY_NAME[code] : undefined;
}

/** Maps an error of the SDK to a failure. Do not pass the error itself on: it contains the request and the answer. */
export function classify(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  if (typeof error !== 'object' || error === null) return new SourceError('unknown');
  const { name, message } = error as { readonly name?: unknown; readonly message?: unknown };
  const known = failureOfCode(String(name), String(message));
  if (known !== undefined) return new SourceError(known);
  // The answer was not JSON, or was truncated: it did not come from the service.
  if (name === 'SyntaxError') return new SourceError('unavailable');
  // The SDK reads files only for credentials and profiles (a web identity token, ~/.aws). None of them holds a secret
  // of the config.
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
