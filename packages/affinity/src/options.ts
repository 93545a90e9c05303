import type { Regions, RegionView, RequestView } from '@regionkit/core';
import { type Clock, check, checkCookieDomain, guardRandom, onlyGiven, systemClock } from '@regionkit/core/kit';

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
   * How long a client stays assigned to a region, from 1 second to 400 days (RFC 6265bis section 5.5). @default 3_600
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

const DEFAULTS = {
  trustUnknown: false,
  maxViewAgeMs: 30_000,
  failover: 'temporary',
  settleSeconds: 30,
  mode: 'auto',
  redirectStatus: 307,
  pin: false,
  clock: systemClock,
  random: Math.random,
} as const;

/** The checked options with their defaults. */
export type CheckedOptions<Name extends string> = Required<Omit<AffinityOptions<Name>, 'view' | 'host' | 'ignore'>> &
  Pick<AffinityOptions<Name>, 'view' | 'host' | 'ignore'> & {
    readonly cookie: Required<Omit<AffinityCookieOptions, 'domain'>> & Pick<AffinityCookieOptions, 'domain'>;
  };

const MAX_AGE_SECONDS = 400 * 86_400;

export function checkOptions<Name extends string>(given: AffinityOptions<Name>): CheckedOptions<Name> {
  check.object('createAffinity: options', given, [
    'regions',
    'cookie',
    'view',
    'trustUnknown',
    'maxViewAgeMs',
    'failover',
    'settleSeconds',
    'mode',
    'redirectStatus',
    'host',
    'ignore',
    'pin',
    'clock',
    'random',
  ]);
  check.regions('createAffinity: regions', given.regions);
  const options = { ...DEFAULTS, ...onlyGiven(given) };
  check.boolean('createAffinity: trustUnknown', options.trustUnknown);
  check.boolean('createAffinity: pin', options.pin);
  check.number('createAffinity: maxViewAgeMs', options.maxViewAgeMs, { min: 1 });
  check.oneOf('createAffinity: failover', options.failover, ['temporary', 'sticky']);
  check.integer('createAffinity: settleSeconds', options.settleSeconds, { min: 1, max: 3_600 });
  check.oneOf('createAffinity: redirectStatus', options.redirectStatus, [302, 303, 307]);
  if (typeof options.mode !== 'function') {
    check.oneOf('createAffinity: mode', options.mode, ['auto', 'redirect', 'hint', 'off']);
  }
  if (options.mode === 'redirect' && given.regions.hosts.length === 0) {
    throw new RangeError("createAffinity: mode 'redirect' needs a global host: set hosts in defineRegions");
  }
  for (const name of ['host', 'ignore', 'mode'] as const) checkSync(`createAffinity: ${name}`, options[name]);
  if (options.host !== undefined) check.function('createAffinity: host', options.host);
  if (options.ignore !== undefined) check.function('createAffinity: ignore', options.ignore);
  check.clock('createAffinity: clock', options.clock);
  check.function('createAffinity: random', options.random);
  if (options.view !== undefined) check.view('createAffinity: view', options.view);
  if (options.view !== undefined && options.view.self !== given.regions.self) {
    throw new RangeError('createAffinity: view must be that of this region; its self is another');
  }
  return { ...options, random: guardRandom(options.random), cookie: checkCookie(given.cookie ?? {}, given.regions) };
}

/** None of them is awaited: a promise would ignore every request, or be no host and no mode. */
function checkSync(option: string, given: unknown): void {
  if (typeof given === 'function' && given.constructor.name === 'AsyncFunction') {
    throw new TypeError(`${option} must return its answer at once; got an async function`);
  }
}

function checkCookie<Name extends string>(
  given: AffinityCookieOptions,
  regions: Regions<Name>,
): CheckedOptions<Name>['cookie'] {
  check.object('createAffinity: cookie', given, [
    'name',
    'maxAgeSeconds',
    'domain',
    'secure',
    'httpOnly',
    'sameSite',
    'renew',
  ]);
  const cookie = {
    name: 'region',
    maxAgeSeconds: 3_600,
    secure: !regions.development,
    httpOnly: true,
    sameSite: 'lax',
    renew: 'missing',
    ...onlyGiven(given),
  } as const;
  if (!TOKEN.test(check.string('createAffinity: cookie.name', cookie.name))) {
    throw new RangeError('createAffinity: cookie.name must be a token (RFC 6265 section 4.1.1)');
  }
  check.integer('createAffinity: cookie.maxAgeSeconds', cookie.maxAgeSeconds, { min: 1, max: MAX_AGE_SECONDS });
  check.boolean('createAffinity: cookie.secure', cookie.secure);
  check.boolean('createAffinity: cookie.httpOnly', cookie.httpOnly);
  check.oneOf('createAffinity: cookie.sameSite', cookie.sameSite, ['lax', 'strict', 'none']);
  check.oneOf('createAffinity: cookie.renew', cookie.renew, ['missing', 'always']);
  if (!cookie.secure && !regions.development) {
    throw new RangeError(
      'createAffinity: cookie.secure must be true (false only with development: true in defineRegions)',
    );
  }
  if (!cookie.secure && (cookie.sameSite === 'none' || /^__(?:secure|host)-/i.test(cookie.name))) {
    throw new RangeError(
      "createAffinity: cookie.sameSite 'none' and the prefixes __Secure- and __Host- need cookie.secure",
    );
  }
  if (cookie.domain !== undefined) {
    check.string('createAffinity: cookie.domain', cookie.domain);
    if (/^__host-/i.test(cookie.name)) {
      throw new RangeError('createAffinity: cookie.name must not begin with __Host- when cookie.domain is set');
    }
  }
  checkCookieDomain('createAffinity: cookie.domain', cookie.domain, regions);
  for (const host of cookie.domain === undefined ? [] : regions.hosts) {
    const suffix = (cookie.domain as string).toLowerCase().replace(/^\./, '');
    if (host !== suffix && !host.endsWith(`.${suffix}`)) {
      throw new RangeError(`createAffinity: cookie.domain must cover every global host; it does not cover ${host}`);
    }
  }
  return cookie;
}

const TOKEN = /^[\w!#$%&'*.^`|~+-]+$/;
