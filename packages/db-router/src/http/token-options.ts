import type { Regions } from '@regionkit/core';
import { check, checkCookieDomain, group, integer, type OptionCheck, optional, withDefault } from '@regionkit/core/kit';

/** How a client carries its token. */
export interface TokenOptions {
  /** The cookies of a browser; false for none. */
  readonly cookie?: TokenCookieOptions | false;
  /** The header field for positions that it wrote, for API clients; false for none. @default 'X-Region-Token' */
  readonly header?: string | false;
}

/** The cookies in which a browser carries its token. */
export interface TokenCookieOptions {
  /** The cookie for positions that it wrote. @default 'region-token' */
  readonly name?: string;
  /** The cookie for positions that it read, with monotonic reads. @default 'region-seen' */
  readonly seenName?: string;
  /** Must cover every region's origin. Required, except with one region or with `development`. */
  readonly domain?: string;
  /** How long the browser keeps the cookies, in seconds. @default 300 */
  readonly maxAgeSeconds?: number;
  /** @default true; false with `regions.development` */
  readonly secure?: boolean;
}

/** The checked options with their defaults. */
export interface CheckedToken {
  readonly cookie: CheckedCookie | false;
  readonly header: string | false;
}
type CheckedCookie = Required<Omit<TokenCookieOptions, 'domain'>> & { readonly domain: string | undefined };

export function checkToken(option: string, given: TokenOptions | undefined, regions: Regions): CheckedToken {
  return group<CheckedToken>({
    cookie: (name, cookie: TokenOptions['cookie']) => cookie !== false && checkCookie(name, cookie, regions),
    header: withDefault<string | false>(
      'X-Region-Token',
      (name, header) => header !== false && checkName(name, header),
    ),
  })(option, given as never);
}

const cookieOf = ({ development }: Regions): OptionCheck<CheckedCookie> =>
  group({
    name: withDefault('region-token', checkName),
    seenName: withDefault('region-seen', checkName),
    domain: optional(check.string),
    maxAgeSeconds: integer(300, { min: 1, max: 86_400 }),
    secure: withDefault(!development, check.boolean),
  });

function checkCookie(option: string, given: TokenCookieOptions | undefined, regions: Regions): CheckedCookie {
  const cookie = cookieOf(regions)(option, given as never);
  const { name, seenName, domain, secure } = cookie;
  if (!secure && !regions.development) {
    throw new RangeError(`${option}.secure must be true (false only with development: true in defineRegions)`);
  }
  if (name === seenName) throw new RangeError(`${option}.seenName must differ from name; got ${JSON.stringify(name)}`);
  // Browsers drop cookies that break the rules of these prefixes (RFC 6265bis section 4.1.3), and with them the
  // client's tokens.
  for (const [part, value] of [
    ['name', name],
    ['seenName', seenName],
  ] as const) {
    if (/^__host-/i.test(value) ? domain !== undefined || !secure : /^__secure-/i.test(value) && !secure) {
      throw new RangeError(
        `${option}.${part} must not begin with __Host- beside a domain, nor with either prefix without secure`,
      );
    }
  }
  checkCookieDomain(`${option}.domain`, domain, regions);
  return cookie;
}

function checkName(option: string, given: string): string {
  if (FIELD_NAME.test(check.string(option, given))) return given;
  throw new RangeError(`${option} must be a name of letters, digits, - and _`);
}

const FIELD_NAME = /^[A-Za-z0-9_-]{1,64}$/;
