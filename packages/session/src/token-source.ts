import type { RequestView } from '@regionkit/core';
import { check, cookieValues } from '@regionkit/core/kit';

/** Where in a request a token may be. */
export interface TokenSource {
  /** Every token the request carries there, as sent. More than one, here or elsewhere, is refused with 400. */
  read(request: RequestView): readonly string[];
}

const NONE: readonly string[] = [];
const SCHEME = /^bearer(?: +|$)/i;
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * The `Authorization` field with the `Bearer` scheme, RFC 6750 section 2.1. Another scheme is not ours and counts as no
 * token. Two fields, or two credentials joined in one, are two tokens.
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
      return credentials.some((part) => SCHEME.test(part)) ? credentials : NONE;
    },
  };
}

/**
 * A cookie. An empty one counts as none; two of the same name are two tokens, for one of them may have been planted
 * from another subdomain.
 *
 * Use a name with the prefix `__Secure-`: browsers accept it from https only. `__Host-` cannot be shared between
 * regions: it carries no `Domain`, so a redirect to another region's host would sign the user out.
 */
export function cookie(name: string): TokenSource {
  checkCookieName('cookie: name', name);
  return {
    read: (request) => {
      const fields = request.header('cookie');
      return fields.length === 0 ? NONE : cookieValues(fields, name).filter((value) => value !== '');
    },
  };
}

/** RFC 6265 section 4.1.1. */
export function checkCookieName(option: string, name: string): string {
  if (!COOKIE_NAME.test(check.string(option, name))) throw new RangeError(`${option} must be a cookie name`);
  return name;
}
