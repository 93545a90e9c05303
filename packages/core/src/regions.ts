import { check } from './kit/check.ts';
import { normaliseHost } from './kit/host.ts';

/** One region of the map. */
export interface Region<Name extends string = string> {
  readonly name: Name;
  /** Scheme, host and port under which only this region answers, in the form of `new URL(…).origin`. */
  readonly origin: string;
}

/** The map of regions that every factory takes. Made by {@link defineRegions}; immutable. */
export interface Regions<Name extends string = string> {
  /** The region this process runs in. */
  readonly self: Name;
  /** Every region, in the order of the definition. Ties are broken in this order everywhere. */
  readonly list: readonly Region<Name>[];
  /** The global host names, normalised: lower case, no port, no trailing dot. */
  readonly hosts: readonly string[];
  /** Whether this is a development setup: one machine, plain http. */
  readonly development: boolean;
  /** Returns the region of that name, and `undefined` for any other string. */
  get(name: string): Region<Name> | undefined;
}

/** A literal `self` must be a name of the map. A `string | undefined` from the environment is checked at run time. */
type SelfOf<Name extends string, Self> = Self extends string
  ? string extends Self
    ? Self
    : Self & NoInfer<Name>
  : Self;

export interface RegionsOptions<Name extends string, Self extends string | undefined> {
  /** The region of this process, usually `process.env.REGION`. If it is unset or unknown, the factory throws. */
  readonly self: SelfOf<Name, Self>;
  /** Every region by name, with the origin under which only this region answers. */
  readonly all: Readonly<Record<Name, { readonly origin: string }>>;
  /**
   * The host names that the latency DNS serves, without scheme. Only requests to these hosts are redirected. @default
   * []
   */
  readonly hosts?: readonly string[];
  /** Allows `http:` origins, and cookies without `Secure`. Never in production. @default false */
  readonly development?: boolean;
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Defines the regions of an app. The literal names of `all` become types, so a misspelt region does not compile.
 *
 * @example
 * ```ts
 * const regions = defineRegions({
 *   self: process.env.REGION,
 *   all: {
 *     'us-east-1': { origin: 'https://app-us-east-1.example.com' },
 *     'eu-west-1': { origin: 'https://app-eu-west-1.example.com' },
 *   },
 *   hosts: ['app.example.com'],
 * });
 * ```
 *
 * @throws {TypeError | RangeError} `self` is unset or not in `all`. A name is not a DNS label. A host is not a host name. An
 * origin is malformed, or belongs to two regions. Without `development` also: an origin is not `https:`, or it is under a
 * global host although there is another region.
 */
export function defineRegions<const Name extends string, const Self extends string | undefined>(
  options: RegionsOptions<Name, Self>,
): Regions<Name> {
  check.object('defineRegions', options, ['self', 'all', 'hosts', 'development']);
  const development = check.boolean('defineRegions: development', options.development ?? false);
  const byName = new Map<string, Region<Name>>();
  const origins = new Set<string>();
  for (const name of Object.keys(check.object('defineRegions: all', options.all)) as Name[]) {
    if (!NAME.test(name)) {
      throw new RangeError(
        `defineRegions: all: a region name must be a lower-case DNS label; got ${JSON.stringify(name)}`,
      );
    }
    const region = check.object(`defineRegions: all['${name}']`, options.all[name], ['origin']);
    const origin = checkOrigin(`defineRegions: all['${name}'].origin`, region.origin, development);
    if (origins.has(origin))
      throw new RangeError(`defineRegions: all['${name}'].origin is also the origin of another region`);
    origins.add(origin);
    byName.set(name, Object.freeze({ name, origin }));
  }
  if (byName.size === 0) throw new RangeError('defineRegions: all must name at least one region');
  const self = options.self as string | undefined;
  if (self === undefined || self === '') {
    throw new TypeError(`defineRegions: self must be one of ${[...byName.keys()].join(', ')}; it is not set`);
  }
  const own = byName.get(self);
  if (own === undefined) {
    throw new RangeError(
      `defineRegions: self must be one of ${[...byName.keys()].join(', ')}; got ${JSON.stringify(self)}`,
    );
  }
  if (options.hosts !== undefined && !Array.isArray(options.hosts)) {
    throw new TypeError('defineRegions: hosts must be an array of host names');
  }
  if (development) warnOfDevelopment();
  const hosts = (options.hosts ?? []).map((given, at) => {
    const host = typeof given === 'string' ? normaliseHost(given) : undefined;
    if (host === undefined)
      throw new TypeError(
        `defineRegions: hosts[${at}] must be a host name such as app.example.com: no scheme, path or credentials`,
      );
    return host;
  });
  for (const { name, origin } of development || byName.size === 1 ? [] : byName.values()) {
    // A redirect to that origin could arrive at this region again and start a loop.
    if (hosts.includes(normaliseHost(new URL(origin).host) ?? '')) {
      throw new RangeError(`defineRegions: all['${name}'].origin must not be under one of the global hosts`);
    }
  }
  return Object.freeze({
    self: own.name,
    list: Object.freeze([...byName.values()]),
    hosts: Object.freeze(hosts),
    development,
    get: (name: string) => byName.get(name),
  });
}

/** The development switch was deployed to production: cookies go without `Secure`, and nothing else would show it. */
function warnOfDevelopment(): void {
  if (process.env['NODE_ENV'] !== 'production') return;
  process.emitWarning(
    'defineRegions: development is true while NODE_ENV is production: origins may use http, and cookies go without Secure',
    { code: 'REGIONKIT_DEVELOPMENT' },
  );
}

/** The message does not contain the origin, because it may hold credentials. */
function checkOrigin(option: string, given: string, development: boolean): string {
  const url = URL.canParse(check.string(option, given)) ? new URL(given) : undefined;
  if (url === undefined || url.href !== `${url.origin}/`) {
    throw new RangeError(`${option} must be an origin such as https://app.example.com: no path, query or credentials`);
  }
  if (url.protocol !== 'https:' && !(development && url.protocol === 'http:')) {
    throw new RangeError(`${option} must use https (http only with development: true)`);
  }
  return url.origin;
}
