import { RegionKitError, type Regions } from '@regionkit/core';
import { check, checkCookieDomain, onlyGiven, setCookie } from '@regionkit/core/kit';
import { checkCookieName } from './token-source.ts';

export interface SessionCookieOptions {
  /** @default '__Secure-session' */
  readonly name?: string;
  /** The domain that covers every region's origin. Required when `regions` has more than one. */
  readonly domain?: string;
  /** Checks that `domain` covers every origin a redirect can lead to. */
  readonly regions?: Regions;
  /** How long the browser keeps it: no longer than the token lives. @default 3_600 */
  readonly maxAgeSeconds?: number;
  /** @default '/' */
  readonly path?: string;
  /** `none` opens it to requests from other sites: protect against CSRF then. @default 'lax' */
  readonly sameSite?: 'lax' | 'strict' | 'none';
  /** Off only for development over plain http; the name must not begin with `__` then. @default true */
  readonly secure?: boolean;
}

/** Writes the cookie that carries a session to the browser. Always `HttpOnly`. */
export interface SessionCookie {
  readonly name: string;
  /**
   * The values of `Set-Cookie` that give the browser a token. With a `domain` they are two: the first takes away a cookie
   * of the same name and path that is for this host alone. Such a twin would be sent beside the new one, and a request
   * with two tokens is refused.
   *
   * @throws {CookieTooLargeError} The cookie is longer than the 4,096 bytes every browser keeps (RFC 6265 section 6.1).
   * @throws {TypeError} The token has a character that no JWT has.
   */
  set(token: string): string[];
  /** The values of `Set-Cookie` that take it away, and its twin for this host alone. */
  clear(): string[];
}

/** 500: a browser would drop this cookie without a word, and the user would seem never to have signed in. */
export class CookieTooLargeError extends RegionKitError<'ERR_SESSION_COOKIE_TOO_LARGE'> {
  constructor(bytes: number) {
    super(
      'ERR_SESSION_COOKIE_TOO_LARGE',
      `the session cookie has ${bytes} bytes and browsers keep ${MAX_BYTES}: give the token fewer claims`,
    );
  }
}

const MAX_BYTES = 4_096;
const DEFAULTS = { name: '__Secure-session', maxAgeSeconds: 3_600, path: '/', sameSite: 'lax', secure: true } as const;
const NAME = 'createSessionCookie';
const TOKEN = /^[\w.-]+$/;
const DOMAIN = /^\.?[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i;
const PATH = /^\/[\x21-\x3a\x3c-\x7e]*$/;

/**
 * ```ts
 * const sessionCookie = createSessionCookie({ domain: 'example.com', regions });
 * response.setHeader('set-cookie', sessionCookie.set(await issuer.issue({ sub: 'alice' })));
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong; `domain` does not cover every region; a prefix of the name asks
 * for what the other options do not give (RFC 6265bis section 4.1.3).
 */
export function createSessionCookie(options: SessionCookieOptions = {}): SessionCookie {
  check.object(NAME, options, ['name', 'domain', 'regions', 'maxAgeSeconds', 'path', 'sameSite', 'secure']);
  const { name, maxAgeSeconds, path, sameSite, secure } = { ...DEFAULTS, ...onlyGiven(options) };
  const { domain, regions } = options;
  checkCookieName(`${NAME}: name`, name);
  check.integer(`${NAME}: maxAgeSeconds`, maxAgeSeconds, { min: 1, max: 34_560_000 });
  check.oneOf(`${NAME}: sameSite`, sameSite, ['lax', 'strict', 'none']);
  check.boolean(`${NAME}: secure`, secure);
  if (!PATH.test(check.string(`${NAME}: path`, path)))
    throw new RangeError(`${NAME}: path must begin with / and have no ;`);
  if (domain !== undefined && !DOMAIN.test(check.string(`${NAME}: domain`, domain))) {
    throw new RangeError(
      `${NAME}: domain must be a domain name with a dot: browsers drop a cookie for a top-level domain or localhost`,
    );
  }
  if (!secure && (/^__(?:secure|host)-/i.test(name) || sameSite === 'none')) {
    throw new RangeError(`${NAME}: secure must be true for a name with a prefix and for sameSite none`);
  }
  if (/^__host-/i.test(name) && (domain !== undefined || path !== '/')) {
    throw new RangeError(`${NAME}: a __Host- cookie takes no domain and no path; use __Secure- to share it by regions`);
  }
  if (regions !== undefined) checkCookieDomain(`${NAME}: domain`, domain, regions);

  const write = (value: string, seconds: number): string =>
    setCookie({ name, value, maxAgeSeconds: seconds, domain, path, httpOnly: true, secure, sameSite });
  const hostOnly = setCookie({ name, value: '', maxAgeSeconds: 0, path, httpOnly: true, secure, sameSite });
  // First: to a client that knows a cookie by name, host and path alone, the two are one on the domain itself.
  const withoutTwin = (field: string): string[] => (domain === undefined ? [field] : [hostOnly, field]);
  return {
    name,
    set: (token) => {
      if (!TOKEN.test(token)) throw new TypeError('set: token must be a JWT');
      const field = write(token, maxAgeSeconds);
      if (field.length > MAX_BYTES) throw new CookieTooLargeError(field.length);
      return withoutTwin(field);
    },
    clear: () => withoutTwin(write('', 0)),
  };
}
