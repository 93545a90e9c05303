import type { Regions, RegionView, RequestView } from '@regionkit/core';
import {
  type Clock,
  check,
  checkCookieDomain,
  group,
  guardRandom,
  integer,
  type OptionCheck,
  type OptionTable,
  oneOf,
  optional,
  readOptions,
  systemClock,
  withDefault,
} from '@regionkit/core/kit';

/**
 * `auto` redirects navigations and gives all other requests a hint. `redirect` also redirects a GET that comes neither
 * from a browser nor from a page (`curl -L`). `hint` never redirects. `off` does nothing.
 */
export type AffinityMode = 'auto' | 'redirect' | 'hint' | 'off';

/** The region cookie. Its value is the name of a region in plain text: the names are public. */
export interface AffinityCookieOptions {
  /** Name of the cookie. The hop cookie has this name with `-hop` at the end. @default 'region' */
  readonly name?: string;
  /**
   * How long a client stays assigned to a region, from 1 second to 400 days
   * ([RFC 6265bis section 5.5](https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.5)).
   * @default 3_600
   */
  readonly maxAgeSeconds?: number;
  /** Must cover every region's origin and every global host. Required, except with one region or with `development`. */
  readonly domain?: string;
  /** @default true; false with `regions.development` */
  readonly secure?: boolean;
  /** @default true */
  readonly httpOnly?: boolean;
  /** `none` needs `secure`. @default 'lax' */
  readonly sameSite?: 'lax' | 'strict' | 'none';
  /**
   * `missing` writes the cookie if the client has no valid one. `always` also renews it on each answer. @default
   * 'missing'
   */
  readonly renew?: 'missing' | 'always';
}

export interface AffinityOptions<Name extends string = string> {
  /**
   * The map of regions. Without `hosts` in it there are no redirects: only a request to a global host is redirected.
   */
  readonly regions: Regions<Name>;
  readonly cookie?: AffinityCookieOptions;
  /** What is known of the other regions, usually `health.view`. Without it every other region is unknown. */
  readonly view?: RegionView<Name>;
  /**
   * Also redirect and hint to regions of unknown state. This disables the guard against a DNS name that leads
   * elsewhere, and sends clients to dead regions. @default false
   */
  readonly trustUnknown?: boolean;
  /** A healthy state that is older than this counts as unknown. In milliseconds. @default 30_000 */
  readonly maxViewAgeMs?: number;
  /**
   * What happens when the region in a cookie is draining or down. `temporary` serves the client here and keeps its
   * cookie; `sticky` assigns it to this region. @default 'temporary'
   */
  readonly failover?: 'temporary' | 'sticky';
  /**
   * How long a client is not redirected again, in seconds: after a redirect that did not arrive, or after a temporary
   * failover. After a failover the time varies up to twice this, so that clients return to a recovered region
   * gradually. @default 30
   */
  readonly settleSeconds?: number;
  /** One mode, or a function that returns one for each request. @default 'auto' */
  readonly mode?: AffinityMode | ((request: RequestView) => AffinityMode);
  /** Only temporary redirects: a browser remembers a permanent one. @default 307 */
  readonly redirectStatus?: 302 | 303 | 307;
  /**
   * Returns the host that the client asked for. Use `X-Forwarded-Host` here if your proxy sets it. @default (request)
   * => request.host
   */
  readonly host?: (request: RequestView) => string | undefined;
  /**
   * Returns true for requests that affinity must ignore. @default paths under /health and /.well-known, /livez and
   * /readyz
   */
  readonly ignore?: (request: RequestView) => boolean;
  /**
   * Whether handlers call `affinity.pin`. Without it a request of a client in its own region costs almost nothing. With
   * it every request runs inside a scope. @default false
   */
  readonly pin?: boolean;
  readonly clock?: Clock;
  /** From 0 to 1. @default Math.random */
  readonly random?: () => number;
}

type Optional = 'view' | 'host' | 'ignore';

/** The checked options with their defaults. */
export type CheckedOptions<Name extends string> = Required<Omit<AffinityOptions<Name>, Optional | 'cookie'>> & {
  readonly [Option in Optional]: AffinityOptions<Name>[Option] | undefined;
} & { readonly cookie: CheckedCookie };
type CheckedCookie = Required<Omit<AffinityCookieOptions, 'domain'>> & { readonly domain: string | undefined };

const MAX_AGE_SECONDS = 400 * 86_400;

const OPTIONS: OptionTable<CheckedOptions<string>> = {
  regions: check.regions,
  cookie: (option, given: AffinityCookieOptions | undefined, { regions }) => checkCookie(option, given, regions),
  view: (option, given, { regions }) => {
    const view = optional(check.view<RegionView>)(option, given);
    if (view !== undefined && view.self !== regions.self) {
      throw new RangeError(`${option} must be that of this region; its self is another`);
    }
    return view;
  },
  trustUnknown: withDefault<boolean>(false, check.boolean),
  maxViewAgeMs: withDefault(30_000, (option, given) => check.number(option, given, { min: 1 })),
  failover: oneOf('temporary', ['temporary', 'sticky']),
  settleSeconds: integer(30, { min: 1, max: 3_600 }),
  mode: (option, given: AffinityOptions['mode'], { regions }) => checkMode(option, given, regions),
  redirectStatus: oneOf(307, [302, 303, 307]),
  host: optional(checkSync<NonNullable<AffinityOptions['host']>>),
  ignore: optional(checkSync<NonNullable<AffinityOptions['ignore']>>),
  pin: withDefault<boolean>(false, check.boolean),
  clock: withDefault(systemClock, check.clock),
  random: withDefault<() => number>(Math.random, (option, given) => guardRandom(check.function(option, given))),
};

/** @throws {TypeError | RangeError} An option is wrong; the message names it. */
export function checkOptions<Name extends string>(given: AffinityOptions<Name>): CheckedOptions<Name> {
  return readOptions('createAffinity: options', 'createAffinity: ', given, OPTIONS) as CheckedOptions<Name>;
}

function checkMode(
  option: string,
  given: AffinityOptions['mode'],
  { hosts }: Regions,
): NonNullable<AffinityOptions['mode']> {
  if (typeof given === 'function') return checkSync(option, given);
  const mode = oneOf('auto', ['auto', 'redirect', 'hint', 'off'])(option, given as never);
  if (mode === 'redirect' && hosts.length === 0) {
    throw new RangeError(`${option} 'redirect' needs a global host: set hosts in defineRegions`);
  }
  return mode;
}

/** Affinity does not await it. A promise would ignore every request, or be neither a host nor a mode. */
function checkSync<F extends (request: RequestView) => unknown>(option: string, given: F): F {
  if (check.function(option, given).constructor.name === 'AsyncFunction') {
    throw new TypeError(`${option} must return its answer at once; got an async function`);
  }
  return given;
}

const cookieOf = ({ development }: Regions): OptionCheck<CheckedCookie> =>
  group({
    name: withDefault('region', checkCookieName),
    maxAgeSeconds: integer(3_600, { min: 1, max: MAX_AGE_SECONDS }),
    domain: optional(check.string),
    secure: withDefault(!development, check.boolean),
    httpOnly: withDefault<boolean>(true, check.boolean),
    sameSite: oneOf('lax', ['lax', 'strict', 'none']),
    renew: oneOf('missing', ['missing', 'always']),
  });

function checkCookie(option: string, given: AffinityCookieOptions | undefined, regions: Regions): CheckedCookie {
  const cookie = cookieOf(regions)(option, given as never);
  const { name, domain, secure, sameSite } = cookie;
  if (!secure && !regions.development) {
    throw new RangeError(`${option}.secure must be true (false only with development: true in defineRegions)`);
  }
  if (!secure && (sameSite === 'none' || /^__(?:secure|host)-/i.test(name))) {
    throw new RangeError(`${option}.sameSite 'none' and the prefixes __Secure- and __Host- need cookie.secure`);
  }
  if (domain !== undefined && /^__host-/i.test(name)) {
    throw new RangeError(`${option}.name must not begin with __Host- when cookie.domain is set`);
  }
  checkCookieDomain(`${option}.domain`, domain, regions);
  if (domain === undefined) return cookie;
  const suffix = domain.toLowerCase().replace(/^\./, '');
  for (const host of regions.hosts) {
    if (host !== suffix && !host.endsWith(`.${suffix}`)) {
      throw new RangeError(`${option}.domain must cover every global host; it does not cover ${host}`);
    }
  }
  return cookie;
}

function checkCookieName(option: string, given: string): string {
  if (TOKEN.test(check.string(option, given))) return given;
  throw new RangeError(`${option} must be a token (RFC 6265 section 4.1.1)`);
}

const TOKEN = /^[\w!#$%&'*.^`|~+-]+$/;
