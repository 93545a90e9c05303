const BRAND = Symbol.for('regionkit.error');

/** The properties of an error besides its code and message. */
export interface RegionKitErrorOptions {
  /** HTTP status of the answer to a request that met this error. @default 500 */
  readonly status?: number;
  /** Header fields of that answer. Names and values are ours, never bytes of a request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether the message may be shown to the client. @default status < 500 */
  readonly expose?: boolean;
  /** The underlying error, but only if it cannot contain a secret. */
  readonly cause?: unknown;
}

/**
 * The base class of every error that regionkit throws.
 *
 * `code` is a constant from a closed union (`ERR_…`) and never changes. `message` is a constant sentence with our own
 * values in it, never bytes of a request, a token or a secret. The default error handlers of Express (`status`,
 * `headers`), Koa (`status`, `expose`, `headers`), Fastify (`statusCode`, `headers`) and Hono (`getResponse()`) read
 * the other fields, so the app needs no code of its own to give the right answer.
 *
 * Test for it with {@link isRegionKitError} instead of `instanceof`, because two versions of this package may be
 * loaded.
 */
export class RegionKitError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly status: number;
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly expose: boolean;

  constructor(code: Code, message: string, options: RegionKitErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.status = options.status ?? 500;
    this.statusCode = this.status;
    this.headers = Object.freeze({ 'cache-control': 'no-store', ...options.headers });
    this.expose = options.expose ?? this.status < 500;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /**
   * Returns the answer as a fetch `Response`: `application/problem+json`
   * ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with the code, and with the message if it is exposed.
   */
  getResponse(): Response {
    const problem = {
      type: 'about:blank',
      status: this.status,
      code: this.code,
      ...(this.expose && { detail: this.message }),
    };
    return new Response(JSON.stringify(problem), {
      status: this.status,
      headers: { ...this.headers, 'content-type': 'application/problem+json' },
    });
  }
}

/** Whether `value` is an error of any regionkit package, in any loaded version. */
export function isRegionKitError(value: unknown): value is RegionKitError {
  return typeof value === 'object' && value !== null && (value as Record<symbol, unknown>)[BRAND] === true;
}

/**
 * Returns the regionkit error in `value` or in its chain of causes. An ORM wraps the error of its driver and keeps it
 * as `cause`, `driverError` (TypeORM) or `original` (Sequelize).
 *
 * @example
 * ```ts
 * const known = regionKitErrorOf(error);
 * if (known !== undefined) response.status(known.status).set(known.headers);
 * ```
 */
export function regionKitErrorOf(value: unknown): RegionKitError | undefined {
  let error = value;
  for (let depth = 0; depth < MAX_CAUSES && error instanceof Error; depth += 1) {
    if (isRegionKitError(error)) return error;
    const { cause, driverError, original } = error as Error & Readonly<Record<'driverError' | 'original', unknown>>;
    error = cause ?? driverError ?? original;
  }
  return isRegionKitError(error) ? error : undefined;
}

const MAX_CAUSES = 8;
