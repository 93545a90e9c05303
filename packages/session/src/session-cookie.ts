import { RegionKitError, type Regions } from '@regionkit/core';
import {
  check,
  checkCookieDomain,
  integer,
  type OptionTable,
  oneOf,
  optional,
  readOptions,
  setCookie,
  unchecked,
  withDefault,
} from '@regionkit/core/kit';
import { checkCookieName, chunkNamesOf } from './token-source.ts';

export interface SessionCookieOptions {
  /** Name of the cookie. @default '__Secure-session' */
  readonly name?: string;
  /** The domain that covers every region's origin. Required if `regions` has more than one region. */
  readonly domain?: string;
  /** Used to check that `domain` covers every origin that a redirect can lead to. */
  readonly regions?: Regions;
  /** How long the browser keeps the cookie, in seconds. Not longer than the lifetime of the token. @default 3_600 */
  readonly maxAgeSeconds?: number;
  /** Path of the cookie. @default '/' */
  readonly path?: string;
  /** `none` also sends the cookie with requests from other sites. Protect the app against CSRF then. @default 'lax' */
  readonly sameSite?: 'lax' | 'strict' | 'none';
  /** `false` is only for development over plain http. The name must not begin with `__` then. @default true */
  readonly secure?: boolean;
  /**
   * Also deletes the chunks `<name>.0` to `<name>.7`, which another library may have left. Set it if you read the cookie
   * with `cookie(name, { chunks: true })`: the browser would send old chunks beside the new cookie, and a request with
   * two tokens is refused. @default false
   */
  readonly chunks?: boolean;
}

/** Writes the cookie that carries a session to the browser. The cookie is always `HttpOnly`. */
export interface SessionCookie {
  readonly name: string;
  /**
   * Returns the values of `Set-Cookie` that give the browser a token. With a `domain` there are two. The first deletes
   * a cookie of the same name and path that belongs to this host only: the browser would send both, and a request with
   * two tokens is refused. With `chunks` there are more, which delete the chunks. Keep their order.
   *
   * @example
   * ```ts
   * response.setHeader('set-cookie', sessionCookie.set(token));
   * ```
   *
   * @throws {CookieTooLargeError} The cookie is longer than 4,096 bytes. Every browser keeps up to this size
   * ([RFC 6265 section 6.1](https://www.rfc-editor.org/rfc/rfc6265#section-6.1)).
   * @throws {TypeError} The token has a character that no JWT has.
   */
  set(token: string): string[];
  /**
   * Returns the values of `Set-Cookie` that delete the cookie, and a cookie of the same name for this host only. With
   * `chunks` they delete the chunks as well.
   *
   * @example
   * ```ts
   * response.setHeader('set-cookie', sessionCookie.clear());
   * ```
   */
  clear(): string[];
}

/** 500: the cookie is too large. A browser would drop it silently, and the user would not be signed in. */
export class CookieTooLargeError extends RegionKitError<'ERR_SESSION_COOKIE_TOO_LARGE'> {
  constructor(bytes: number) {
    super(
      'ERR_SESSION_COOKIE_TOO_LARGE',
      `the session cookie has ${bytes} bytes and browsers keep ${MAX_BYTES}: give the token fewer claims`,
    );
  }
}

const MAX_BYTES = 4_096;
const NAME = 'createSessionCookie';
const TOKEN = /^[\w.-]+$/;
const DOMAIN = /^\.?[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i;
const PATH = /^\/[\x21-\x3a\x3c-\x7e]*$/;

type Optional = 'domain' | 'regions';

const OPTIONS: OptionTable<
  Required<Omit<SessionCookieOptions, Optional>> & {
    readonly [Option in Optional]: SessionCookieOptions[Option] | undefined;
  }
> = {
  name: withDefault('__Secure-session', checkCookieName),
  domain: optional(checkDomain),
  // Checked with the domain.
  regions: unchecked,
  maxAgeSeconds: integer(3_600, { min: 1, max: 34_560_000 }),
  path: withDefault('/', checkPath),
  sameSite: oneOf('lax', ['lax', 'strict', 'none']),
  secure: withDefault<boolean>(true, check.boolean),
  chunks: withDefault<boolean>(false, check.boolean),
};

function checkPath(option: string, given: string): string {
  if (PATH.test(check.string(option, given))) return given;
  throw new RangeError(`${option} must begin with / and have no ;`);
}

function checkDomain(option: string, given: string): string {
  if (DOMAIN.test(check.string(option, given))) return given;
  throw new RangeError(
    `${option} must be a domain name with a dot: browsers drop a cookie for a top-level domain or localhost`,
  );
}

/**
 * Makes a writer for the session cookie.
 *
 * @example
 * ```ts
 * const sessionCookie = createSessionCookie({ domain: 'example.com', regions });
 * response.setHeader('set-cookie', sessionCookie.set(await issuer.issue({ sub: 'alice' })));
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong; `domain` does not cover every region; or a prefix of the name
 * requires other options
 * ([RFC 6265bis section 4.1.3](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-4.1.3)).
 */
export function createSessionCookie(options: SessionCookieOptions = {}): SessionCookie {
  const { name, domain, regions, maxAgeSeconds, path, sameSite, secure, chunks } = readOptions(
    NAME,
    `${NAME}: `,
    options,
    OPTIONS,
  );
  if (!secure && (/^__(?:secure|host)-/i.test(name) || sameSite === 'none')) {
    throw new RangeError(`${NAME}: secure must be true for a name with a prefix and for sameSite none`);
  }
  if (/^__host-/i.test(name) && (domain !== undefined || path !== '/')) {
    throw new RangeError(`${NAME}: a __Host- cookie takes no domain and no path; use __Secure- to share it by regions`);
  }
  if (regions !== undefined) checkCookieDomain(`${NAME}: domain`, domain, regions);

  const write = (value: string, seconds: number): string =>
    setCookie({ name, value, maxAgeSeconds: seconds, domain, path, httpOnly: true, secure, sameSite });
  const remove = (one: string, scope: string | undefined): string =>
    setCookie({ name: one, value: '', maxAgeSeconds: 0, domain: scope, path, httpOnly: true, secure, sameSite });
  const scopes = domain === undefined ? [undefined] : [undefined, domain];
  const others = [
    ...(domain === undefined ? [] : [remove(name, undefined)]),
    ...(chunks ? chunkNamesOf(name) : []).flatMap((chunk) => scopes.map((scope) => remove(chunk, scope))),
  ];
  return {
    name,
    set: (token) => {
      if (!TOKEN.test(token)) throw new TypeError('set: token must be a JWT');
      const field = write(token, maxAgeSeconds);
      if (field.length > MAX_BYTES) throw new CookieTooLargeError(field.length);
      // The cookie comes last. On the domain itself, some clients treat it and the host-only one as one: the later wins.
      return [...others, field];
    },
    clear: () => [...others, write('', 0)],
  };
}
