import type { IncomingMessage } from 'node:http';
import { rawRequest } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import { fingerprintOf } from './fingerprint.ts';
import { readIdempotencyKey } from './idempotency-key.ts';
import { LedgerError } from './ledger-error.ts';

/** What `once()` needs to know of a request. */
export interface Idempotency {
  /** What the client sent in `Idempotency-Key`, without its quotes. */
  readonly key: string;
  /** Of the method, the path with its query, and the body. */
  readonly fingerprint: string;
}

/** A request in either world, as far as it is read here. */
interface Head {
  readonly method: string;
  readonly target: string;
  readonly field: string | undefined;
}

/**
 * Reads the field `Idempotency-Key` of a request, by the draft of the IETF
 * (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/). Takes the request or context of any framework.
 * The error handlers of the frameworks answer with the status of its error, and of those of `once()`: 400, 409 or 422.
 *
 * @example
 * ```ts
 * app.post('/orders', async (request, response) => {
 *   const { key, fingerprint } = idempotencyOf(request, request.body);
 *   const order = await ledger.once(key, 'ann', async (tx) => {
 *     const { rows } = await tx.query('insert into orders default values returning id');
 *     return rows[0];
 *   }, { fingerprint });
 *   response.status(201).json(order);
 * });
 * ```
 *
 * @param body the body as it was parsed, or its text or bytes; `undefined` if there is none
 * @param options `required: false`: a request without the field returns undefined
 * @throws {LedgerError} `ERR_IDEMPOTENCY_KEY`: the field is missing, there are several, or it is not a string of
 * [RFC 9651](https://www.rfc-editor.org/rfc/rfc9651) with 1 to 255 characters.
 * @throws {TypeError} It is not a request, or `body` is not what a body parser returns, for example a promise.
 */
export function idempotencyOf(request: unknown, body: unknown, options?: { readonly required?: true }): Idempotency;
export function idempotencyOf(
  request: unknown,
  body: unknown,
  options: { readonly required: boolean },
): Idempotency | undefined;
export function idempotencyOf(
  request: unknown,
  body: unknown,
  options: { readonly required?: boolean } = {},
): Idempotency | undefined {
  check.object('idempotencyOf: options', options, ['required']);
  const isRequired = check.boolean('idempotencyOf: required', options.required ?? true);
  const { method, target, field } = headOf(request);
  if (field === undefined && !isRequired) return undefined;
  const key = readIdempotencyKey(field ?? '');
  if (key === undefined) throw new LedgerError('ERR_IDEMPOTENCY_KEY');
  return { key, fingerprint: fingerprintOf(method, target, bodyOf(body)) };
}

function headOf(request: unknown): Head {
  const raw = rawRequest(request);
  if (raw === undefined) throw new TypeError('idempotencyOf: request must be the request or context of a handler');
  if ('httpVersion' in raw) {
    const { method, url, originalUrl, headers } = raw as IncomingMessage & {
      /** What a framework keeps when it mounts something below a path. */
      readonly originalUrl?: string;
    };
    // Node joins several fields with a comma, as fetch does: then it is no string any more.
    return { method: method ?? '', target: originalUrl ?? url ?? '', field: headers['idempotency-key']?.toString() };
  }
  const { method, url, headers } = raw as Request;
  // Without the host: a region that forwards a request sends it to another one.
  const { pathname, search } = new URL(url);
  return { method, target: pathname + search, field: headers.get('idempotency-key') ?? undefined };
}

/** A promise, a stream or a form would be `{}` in JSON, the same for each body. */
function bodyOf(body: unknown): string | Uint8Array {
  if (typeof body === 'string' || body instanceof Uint8Array) return body;
  if (body === undefined) return '';
  const prototype = typeof body === 'object' && body !== null ? Object.getPrototypeOf(body) : null;
  const isParsed = prototype === null || prototype === Object.prototype || Array.isArray(body);
  const text = isParsed ? JSON.stringify(body) : undefined;
  if (text !== undefined) return text;
  throw new TypeError('idempotencyOf: body must be what a body parser returns: JSON, text, bytes or undefined');
}
