import { isRegionKitError, RegionKitError } from '@regionkit/core';

/**
 * Why a source has no value. `refresh.fallbackOn` chooses after which of them the next region is asked.
 *
 * - `timeout`: no answer within `refresh.timeoutMs`, including the time for credentials
 * - `network`: no connection, or it broke
 * - `unavailable`: an answer with status 5xx, a broken or truncated answer, a redirect
 * - `throttled`: too many calls
 * - `credentials`: there are none, they have expired, or they cannot be read (the file of a token or profile, an
 *   answer of STS)
 * - `denied`: the credentials have no permission to read it
 * - `not-found`: it does not exist, or is marked for deletion
 * - `undecryptable`: the key that encrypts it cannot be used
 * - `refused`: our own guard refused the call: plain http to another machine, an ARN of another account, an invalid
 *   region
 * - `invalid`: the value arrived but is wrong: see {@link InvalidDetail}
 * - `unknown`: anything else
 */
export type Failure =
  | 'timeout'
  | 'network'
  | 'unavailable'
  | 'throttled'
  | 'credentials'
  | 'denied'
  | 'not-found'
  | 'undecryptable'
  | 'refused'
  | 'invalid'
  | 'unknown';

/** What is wrong with a value that arrived. */
export type InvalidDetail =
  | 'empty'
  | 'too-large'
  | 'not-utf8'
  | 'not-json'
  | 'duplicate-key'
  | 'forbidden-key'
  | 'too-deep'
  | 'name-conflict'
  | 'schema';

/** A place in a value that its schema refused. `*` stands for a name from inside the value, which may be secret. */
export type Path = readonly string[];

/**
 * Thrown by a source that has no value to return. Its message is a constant. The text of the service is dropped,
 * because it may contain the value.
 *
 * @example
 * ```ts
 * if (response.status === 429) throw new SourceError('throttled');
 * ```
 */
export class SourceError extends RegionKitError<'ERR_CONFIG_SOURCE'> {
  readonly failure: Failure;
  readonly detail: InvalidDetail | undefined;
  /** With detail `schema`: every refused place, at most 20. */
  readonly paths: readonly Path[];

  constructor(failure: Failure, detail?: InvalidDetail, paths: readonly Path[] = []) {
    super('ERR_CONFIG_SOURCE', `The source gave no value: ${failure}${detail === undefined ? '' : `, ${detail}`}`, {
      status: 503,
      expose: false,
    });
    this.failure = failure;
    this.detail = detail;
    this.paths = paths;
  }
}

const NETWORK =
  /^(?:ECONN(?:REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_AGAIN|EPIPE|EHOSTUNREACH|ENETUNREACH|EPROTO|UND_ERR_(?!.*TIMEOUT)|ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_STREAM_PREMATURE_CLOSE)/;

/** Maps an error of any source to a failure. It never reads the text of the error. */
export function asSourceError(error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  if (isRegionKitError(error) && error.code === 'ERR_CONFIG_SOURCE') {
    // Thrown by a source that has its own version of this package.
    const { failure, detail, paths } = error as SourceError;
    return new SourceError(failure, detail, paths);
  }
  return new SourceError(failureOf(error, 0));
}

function failureOf(error: unknown, depth: number): Failure {
  if (typeof error !== 'object' || error === null) return 'unknown';
  const { name, code, status, statusCode, $metadata, cause } = error as Record<string, unknown>;
  const http = [status, statusCode, ($metadata as { httpStatusCode?: unknown } | undefined)?.httpStatusCode].find(
    (value) => typeof value === 'number',
  );
  if (name === 'TimeoutError' || name === 'AbortError') return 'timeout';
  if (typeof code === 'string') {
    if (/^(?:ETIMEDOUT|UND_ERR_.*TIMEOUT)/.test(code)) return 'timeout';
    if (NETWORK.test(code)) return 'network';
    if (code === 'ENOENT') return 'not-found';
    if (code === 'EACCES' || code === 'EPERM') return 'denied';
  }
  if (http !== undefined) return failureOfStatus(http as number);
  return depth < 3 ? failureOf(cause, depth + 1) : 'unknown';
}

/**
 * Maps an HTTP status to the failure of a read. Sources that use `fetch` can throw `new
 * SourceError(failureOfStatus(…))`.
 *
 * @example
 * ```ts
 * if (!response.ok) throw new SourceError(failureOfStatus(response.status));
 * ```
 */
export function failureOfStatus(status: number): Failure {
  if (status === 401 || status === 403) return 'denied';
  if (status === 404 || status === 410) return 'not-found';
  if (status === 408) return 'timeout';
  if (status === 429) return 'throttled';
  if (status >= 500 || (status >= 300 && status < 400)) return 'unavailable';
  return 'unknown';
}
