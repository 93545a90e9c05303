import type { RequestView } from '@regionkit/core';
import { check, cookieValues } from '@regionkit/core/kit';

/** Where in a request a token may be. */
export interface TokenSource {
  /** Every token the request carries there, as sent. Of several different ones, here or elsewhere, see `severalTokens`. */
  read(request: RequestView): readonly string[];
}

const NONE: readonly string[] = [];
const SCHEME = /^bearer(?: +|$)/i;
/** Browsers send no more than 16 KiB of fields to Node: four full cookies. */
const MAX_CHUNKS = 8;
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * The `Authorization` field with the `Bearer` scheme, RFC 6750 section 2.1. Another scheme is not ours and counts as no
 * token. Two fields, or two credentials joined in one, are two credentials.
 */
export function bearer(): TokenSource {
  return {
    read: (request) => {
      const fields = request.header('authorization');
      const [only] = fields;
      if (only === undefined) return NONE;
      if (fields.length === 1 && !only.includes(',')) return SCHEME.test(only) ? [only.replace(SCHEME, '')] : NONE;
      // The field is not a list, so a second credential of any scheme makes it unclear which one counts.
      const credentials = fields.flatMap((field) => field.split(',').map((part) => part.trim()));
      if (!credentials.some((part) => SCHEME.test(part))) return NONE;
      return credentials.map((part) => part.replace(SCHEME, ''));
    },
  };
}

export interface CookieSourceOptions {
  /**
   * Also reads a token that was cut into `<name>.0`, `<name>.1`, … because it was too long for one cookie, as Auth.js and
   * others write it. @default false
   */
  readonly chunks?: boolean;
}

/**
 * A cookie. An empty one counts as none; two of the same name are two tokens, for one of them may have been planted
 * from another subdomain.
 *
 * Use a name with the prefix `__Secure-`: browsers accept it from https only. `__Host-` cannot be shared between
 * regions: it carries no `Domain`, so a redirect to another region's host would sign the user out.
 */
export function cookie(name: string, options: CookieSourceOptions = {}): TokenSource {
  checkCookieName('cookie: name', name);
  check.object('cookie: options', options, ['chunks']);
  const chunks = check.boolean('cookie: chunks', options.chunks ?? false);
  const chunkNames = Array.from({ length: chunks ? MAX_CHUNKS : 0 }, (_, at) => `${name}.${at}`);
  return {
    read: (request) => {
      const fields = request.header('cookie');
      if (fields.length === 0) return NONE;
      const valuesOf = (one: string): readonly string[] => cookieValues(fields, one).filter((value) => value !== '');
      return chunks ? [...valuesOf(name), ...joined(chunkNames, valuesOf)] : valuesOf(name);
    },
  };
}

/** The token that was cut into these cookies, up to the first that is missing. A chunk with a twin makes two of it. */
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

/** RFC 6265 section 4.1.1. */
export function checkCookieName(option: string, name: string): string {
  if (!COOKIE_NAME.test(check.string(option, name))) throw new RangeError(`${option} must be a cookie name`);
  return name;
}
