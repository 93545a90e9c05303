import type { Regions } from '@regionkit/core';
import { check, checkCookieDomain, type OptionTable, optional, readOptions, withDefault } from '@regionkit/core/kit';

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

const TOKEN: OptionTable<Pick<TokenOptions, 'cookie'> & Pick<CheckedToken, 'header'>> = {
  // Checked together with the regions.
  cookie: (_option, given) => given,
  header: withDefault<string | false>('X-Region-Token', (option, given) => given !== false && checkName(option, given)),
};

const COOKIE: OptionTable<Omit<CheckedCookie, 'secure'> & { readonly secure: boolean | undefined }> = {
  name: withDefault('region-token', checkName),
  seenName: withDefault('region-seen', checkName),
  domain: optional(check.string),
  maxAgeSeconds: withDefault(300, (option, given) => check.integer(option, given, { min: 1, max: 86_400 })),
  secure: optional(check.boolean),
};

export function checkToken(option: string, given: TokenOptions | undefined, regions: Regions): CheckedToken {
  const { cookie, header } = readOptions(option, `${option}.`, given === undefined ? {} : given, TOKEN);
  return { header, cookie: cookie !== false && checkCookie(`${option}.cookie`, cookie, regions) };
}

function checkCookie(option: string, given: TokenCookieOptions = {}, regions: Regions): CheckedCookie {
  const read = readOptions(option, `${option}.`, given, COOKIE);
  const { name, seenName, domain, secure = !regions.development } = read;
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
  return { ...read, secure };
}

function checkName(option: string, given: string): string {
  if (FIELD_NAME.test(check.string(option, given))) return given;
  throw new RangeError(`${option} must be a name of letters, digits, - and _`);
}

const FIELD_NAME = /^[A-Za-z0-9_-]{1,64}$/;
