import { KEY } from './key.ts';

const FIELD = /^ *"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})" *$/;

/**
 * Reads the value of the field `Idempotency-Key`: a string of [RFC 9651](https://www.rfc-editor.org/rfc/rfc9651),
 * section 3.3.3, without parameters. Undefined for anything else.
 * https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 */
export function readIdempotencyKey(value: string): string | undefined {
  const key = FIELD.exec(value)?.[1]?.replace(/\\(.)/g, '$1');
  return key !== undefined && KEY.test(key) ? key : undefined;
}
