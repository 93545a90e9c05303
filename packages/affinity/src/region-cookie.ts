import type { Regions } from '@regionkit/core';
import { cookieValues, setCookie } from '@regionkit/core/kit';
import type { CheckedOptions } from './options.ts';
import type { Facts } from './rule.ts';

/** Reads and writes the region cookie and the hop cookie. All values it can write are made once, at construction. */
export interface RegionCookie<Name extends string> {
  readonly name: string;
  /** Returns the region in the client's cookie, or why there is none. */
  wanted(cookies: readonly string[]): Facts<Name>['wanted'];
  /** Returns the region in the hop cookie, if the client has a valid one. */
  hop(cookies: readonly string[]): Name | undefined;
  /** `Set-Cookie` values. */
  pin(region: Name): string;
  setHop(region: Name, maxAgeSeconds: number): string;
  readonly clearHop: string;
}

const NONE = { none: 'assigned' } as const;
const UNKNOWN = { none: 'cookie-unknown' } as const;
const CONFLICT = { none: 'cookie-conflict' } as const;

export function createRegionCookie<Name extends string>(
  regions: Regions<Name>,
  cookie: CheckedOptions<Name>['cookie'],
): RegionCookie<Name> {
  const { name, domain, secure, httpOnly, sameSite } = cookie;
  const hopName = `${name}-hop`;
  const write = (cookieName: string, value: string, maxAgeSeconds: number): string =>
    setCookie({ name: cookieName, value, maxAgeSeconds, domain, secure, httpOnly, sameSite });
  const pins = new Map<Name, string>(regions.list.map((r) => [r.name, write(name, r.name, cookie.maxAgeSeconds)]));

  return {
    name,
    wanted: (cookies) => {
      const values = cookieValues(cookies, name);
      const [first] = values;
      if (first === undefined) return NONE;
      // There is another cookie of our name, on a wider or narrower domain. It is not clear which one is ours (RFC 6265
      // section 4.2.2).
      if (values.length > 1 && values.some((value) => value !== first)) return CONFLICT;
      return regions.get(first)?.name ?? UNKNOWN;
    },
    hop: (cookies) => {
      const [first] = cookieValues(cookies, hopName);
      return first === undefined ? undefined : regions.get(first)?.name;
    },
    pin: (region) => pins.get(region) as string,
    setHop: (region, maxAgeSeconds) => write(hopName, region, maxAgeSeconds),
    clearHop: write(hopName, '', 0),
  };
}
