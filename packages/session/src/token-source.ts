import type { RequestView } from '@regionkit/core';
import { check, cookieValues } from '@regionkit/core/kit';

/** A place in a request that may hold a token. */
export interface TokenSource {
  /** Returns every token at this place, as sent. For several different tokens see `severalTokens`. */
  read(request: RequestView): readonly string[];
}

/** What the verifier does with a request that carries several different tokens. */
export type SeveralTokens = 'reject' | 'only-valid';

const NONE: readonly string[] = [];
const USUAL = 'Bearer ';
const SPACE = 0x20;
const SCHEME = /^bearer(?: +|$)/i;
/** Node accepts 16 KiB of header fields by default: four full cookies. */
const MAX_CHUNKS = 8;
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Reads the `Authorization` field with the `Bearer` scheme
 * ([RFC 6750 section 2.1](https://www.rfc-editor.org/rfc/rfc6750#section-2.1)). Another scheme counts as no token. Two
 * fields, or two credentials in one field, are two credentials.
 *
 * @example
 * ```ts
 * const from = [bearer()];
 * ```
 */
export function bearer(): TokenSource {
  return {
    read: (request) => {
      const fields = request.header('authorization');
      const [only] = fields;
      if (only === undefined) return NONE;
      if (fields.length === 1 && !only.includes(',')) {
        // What nearly every client sends.
        if (only.startsWith(USUAL) && only.charCodeAt(USUAL.length) !== SPACE) return [only.slice(USUAL.length)];
        return SCHEME.test(only) ? [only.replace(SCHEME, '')] : NONE;
      }
      // The field is not a list. A second credential of any scheme makes it unclear which one counts.
      const credentials = fields.flatMap((field) => field.split(',').map((part) => part.trim()));
      if (!credentials.some((part) => SCHEME.test(part))) return NONE;
      return credentials.map((part) => part.replace(SCHEME, ''));
    },
  };
}

export interface CookieSourceOptions {
  /**
   * Also reads a token that was split into `<name>.0`, `<name>.1`, … because it was too long for one cookie. Auth.js
   * writes such cookies. A whole cookie and the chunks beside it are two tokens, unless they are equal.
   * @default false
   */
  readonly chunks?: boolean;
}

/**
 * Reads a cookie. An empty cookie counts as none. Two cookies of the same name are two tokens: an attacker may have
 * planted one from another subdomain.
 *
 * Use a name with the prefix `__Secure-`: browsers accept it from https only. `__Host-` cannot be shared between
 * regions: it has no `Domain`, so a redirect to another region's host would sign the user out.
 *
 * @example
 * ```ts
 * const from = [bearer(), cookie('__Secure-session')];
 * ```
 *
 * @throws {TypeError | RangeError} The name is not a cookie name
 * ([RFC 6265 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1)), or an option is wrong.
 */
export function cookie(name: string, options: CookieSourceOptions = {}): TokenSource {
  checkCookieName('cookie: name', name);
  check.object('cookie: options', options, ['chunks']);
  const chunks = check.boolean('cookie: chunks', options.chunks ?? false);
  const chunkNames = chunks ? chunkNamesOf(name) : [];
  return {
    read: (request) => {
      const fields = request.header('cookie');
      if (fields.length === 0) return NONE;
      const valuesOf = (one: string): readonly string[] => cookieValues(fields, one).filter((value) => value !== '');
      return chunks ? [...valuesOf(name), ...joined(chunkNames, valuesOf)] : valuesOf(name);
    },
  };
}

/** The names of the chunks that are read of a cookie. */
export function chunkNamesOf(name: string): readonly string[] {
  return Array.from({ length: MAX_CHUNKS }, (_, at) => `${name}.${at}`);
}

/** Joins the chunks of a token, up to the first missing one. A chunk that is sent twice gives two tokens. */
function joined(names: readonly string[], valuesOf: (name: string) => readonly string[]): readonly string[] {
  let first = '';
  let last = '';
  for (const name of names) {
    const values = valuesOf(name);
    if (values.length === 0) break;
    first += values[0];
    last += values.at(-1);
  }
  if (first === '') return NONE;
  return first === last ? [first] : [first, last];
}

/** [RFC 6265 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1). */
export function checkCookieName(option: string, name: string): string {
  if (!COOKIE_NAME.test(check.string(option, name))) throw new RangeError(`${option} must be a cookie name`);
  return name;
}
