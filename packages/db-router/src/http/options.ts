import { maxHeaderSize } from 'node:http';
import type { Live, Regions, RegionView, RequestView } from '@regionkit/core';
import { type Clock, check, checkCookieDomain, onlyGiven, type RegionSecrets, systemClock } from '@regionkit/core/kit';
import type { GateRouter } from '../gate-seam.ts';
import { checkSync, IS_WRITE, TEXT, TRUST } from './app-function.ts';

/** How writes are forwarded to the primary's region. */
export interface ForwardOptions {
  /**
   * Signs the mark of a forwarded request: a secret of at least 32 bytes, the same in every region (of a list, the
   * first signs and all verify); or a key pair for each region ({@link RegionKeys}), so that a compromised region can
   * be excluded.
   */
  readonly secret: RegionSecrets | Live<RegionSecrets>;
  /**
   * How many forwards may run at the same time. One more is refused, so that a slow primary does not block local reads.
   * @default 256
   */
  readonly maxConcurrent?: number;
  /**
   * Of them, for one client. No limit for the private address of a load balancer whose `X-Forwarded-For` is not trusted.
   * @default half of maxConcurrent
   */
  readonly maxPerClient?: number;
  /**
   * Returns the name of the client, for example the user of its session. Without a name the address counts. All clients
   * without both share one limit of `maxPerClient`.
   */
  readonly client?: (request: RequestView) => string | undefined;
  /** Time limit for a new connection, in milliseconds. @default 2_000 */
  readonly connectTimeoutMs?: number;
  /** From the end of the request to the head of the answer, in milliseconds. @default 30_000 */
  readonly headersTimeoutMs?: number;
  /** How long either end may stop sending or reading the body or the answer, in milliseconds. @default 30_000 */
  readonly bodyTimeoutMs?: number;
  /**
   * What a client has to send, or take, lest it use that time up. When all places are taken, the slowest client below 16
   * times as much gives its place to a new request. @default 512
   */
  readonly minBytesPerSecond?: number;
  /**
   * From the arrival of the request to the end of its answer, including the hold, in milliseconds. The other region is
   * told. @default 300_000
   */
  readonly deadlineMs?: number;
  /**
   * The largest accepted difference between the wall clocks of two regions, in milliseconds. Marks beyond it are
   * refused. @default 30_000
   */
  readonly maxHopAgeMs?: number;
  /** Whether your load balancer sets `X-Forwarded-*`. If so, they are extended, otherwise replaced. @default false */
  readonly trustForwarded?: boolean | ((request: RequestView) => boolean);
  /**
   * The largest head, in bytes, that the other server accepts. Larger ones are refused here. @default Node's limit,
   * `http.maxHeaderSize`
   */
  readonly maxHeadBytes?: number;
  /**
   * Returns the address of the client, if only a load balancer or a fetch handler knows it. It takes precedence over
   * `X-Forwarded-For`. Undefined: the address of the connection.
   */
  readonly clientAddress?: (request: RequestView) => string | undefined;
  /**
   * The certificates to trust instead of the usual ones, in PEM: the text, not a path. Verification cannot be disabled.
   */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
}

/** How a client carries its token. */
export interface TokenOptions {
  /** The cookie for positions that it wrote; false for none. @default 'region-token' */
  readonly cookie?: string | false;
  /** The cookie for positions that it read, with monotonic reads. @default 'region-seen' */
  readonly seenCookie?: string;
  /** The header field for positions that it wrote, for API clients; false for none. @default 'X-Region-Token' */
  readonly header?: string | false;
  /** Must cover every region's origin. Required with cookies, except with one region or with `development`. */
  readonly domain?: string;
  /** How long the browser keeps the cookies, in seconds. @default 300 */
  readonly maxAgeSeconds?: number;
  /** @default true; false with `regions.development` */
  readonly secure?: boolean;
}

export interface WriteGateOptions<Name extends string = string> {
  /** The router of this process. The gate takes its regions and its `writes` from it. */
  readonly router: GateRouter<Name>;
  /** Required if the router's `writes` is `forward` and there is more than one region. */
  readonly forward?: ForwardOptions;
  /**
   * What the other regions report. A write is refused at once while the primary's region reports that it accepts none.
   */
  readonly view?: RegionView<NoInfer<Name>>;
  /** Whether a request writes. Undefined: the method decides. @default every method except GET, HEAD, OPTIONS, TRACE */
  readonly isWrite?: (request: RequestView) => boolean | undefined;
  readonly token?: TokenOptions;
  /** The `Retry-After` of a refusal, in seconds. @default 1 */
  readonly retryAfterSeconds?: number;
  readonly clock?: Clock;
}

const FORWARD_DEFAULTS = {
  maxConcurrent: 256,
  connectTimeoutMs: 2_000,
  headersTimeoutMs: 30_000,
  bodyTimeoutMs: 30_000,
  minBytesPerSecond: 512,
  deadlineMs: 300_000,
  maxHopAgeMs: 30_000,
  trustForwarded: false,
  maxHeadBytes: maxHeaderSize,
} as const;

const TOKEN_DEFAULTS = {
  cookie: 'region-token',
  seenCookie: 'region-seen',
  header: 'X-Region-Token',
  maxAgeSeconds: 300,
} as const;

type Optional = 'ca' | 'client' | 'clientAddress';
export type CheckedForward = Required<Omit<ForwardOptions, Optional>> & Pick<ForwardOptions, Optional>;
export type CheckedToken = Required<Omit<TokenOptions, 'domain'>> & Pick<TokenOptions, 'domain'>;

/** The checked options with their defaults. */
export interface CheckedOptions<Name extends string> {
  readonly router: GateRouter<Name>;
  readonly view: RegionView<Name> | undefined;
  readonly forward: CheckedForward | undefined;
  readonly isWrite: ((request: RequestView) => boolean | undefined) | undefined;
  readonly token: CheckedToken;
  readonly retryAfterSeconds: number;
  readonly clock: Clock;
}

export function checkOptions<Name extends string>(
  given: WriteGateOptions<Name>,
  more: readonly unknown[] = [],
): CheckedOptions<Name> {
  if (more.length > 0 || (given as { readonly gate?: unknown } | undefined)?.gate !== undefined) {
    throw new TypeError(
      'createWriteGate takes one object: createWriteGate({ router, forward, token }); it takes the regions from the router',
    );
  }
  check.object('createWriteGate: options', given, [
    'router',
    'forward',
    'view',
    'isWrite',
    'token',
    'retryAfterSeconds',
    'clock',
  ]);
  const router = checkRouter('createWriteGate: router', given.router);
  const { regions } = router;
  if (router.writes === 'forward' && regions.list.length > 1 && given.forward === undefined) {
    throw new TypeError("createWriteGate: forward must be set: the router's writes is 'forward'");
  }
  if (given.view !== undefined) check.view('createWriteGate: view', given.view);
  if (given.isWrite !== undefined) checkSync('createWriteGate: isWrite', given.isWrite, IS_WRITE);
  const retryAfterSeconds = given.retryAfterSeconds ?? 1;
  check.integer('createWriteGate: retryAfterSeconds', retryAfterSeconds, { min: 0, max: 86_400 });
  return {
    router,
    view: given.view,
    forward: given.forward === undefined ? undefined : checkForward(given.forward),
    isWrite: given.isWrite,
    token: checkToken(given.token ?? {}, regions),
    retryAfterSeconds,
    clock: check.clock('createWriteGate: clock', given.clock ?? systemClock),
  };
}

function checkRouter<Name extends string>(option: string, given: GateRouter<Name>): GateRouter<Name> {
  check.object(option, given);
  if (typeof given.gate !== 'object' || given.gate === null) {
    throw new TypeError(`${option} must be what createRegionRouter returns; got an object without gate`);
  }
  check.methods(`${option}.gate`, given.gate, [
    'openScope',
    'primaryNow',
    'locatePrimary',
    'learnEpoch',
    'highest',
    'recheckPrimary',
  ]);
  check.regions(`${option}.regions`, given.regions);
  return given;
}

type IntegerOption = {
  [Name in keyof CheckedForward]-?: CheckedForward[Name] extends number ? Name : never;
}[keyof CheckedForward];

function checkForward(given: ForwardOptions): CheckedForward {
  check.object('createWriteGate: forward', given, [
    'secret',
    'maxConcurrent',
    'maxPerClient',
    'client',
    'minBytesPerSecond',
    'connectTimeoutMs',
    'headersTimeoutMs',
    'bodyTimeoutMs',
    'deadlineMs',
    'maxHopAgeMs',
    'trustForwarded',
    'maxHeadBytes',
    'clientAddress',
    'ca',
  ]);
  const maxPerClient = Math.ceil((given.maxConcurrent ?? FORWARD_DEFAULTS.maxConcurrent) / 2);
  const forward = { ...FORWARD_DEFAULTS, maxPerClient, ...onlyGiven(given) };
  const integers = (names: readonly IntegerOption[], max: number, min = 1): void => {
    for (const name of names) check.integer(`createWriteGate: forward.${name}`, forward[name], { min, max });
  };
  integers(['maxConcurrent', 'maxPerClient'], 65_536);
  integers(['connectTimeoutMs', 'headersTimeoutMs', 'bodyTimeoutMs', 'deadlineMs', 'maxHopAgeMs'], 86_400_000);
  integers(['minBytesPerSecond'], 1_048_576);
  integers(['maxHeadBytes'], 1_048_576, 1_024);
  if (typeof forward.trustForwarded === 'function') {
    checkSync('createWriteGate: forward.trustForwarded', forward.trustForwarded, TRUST);
  } else check.boolean('createWriteGate: forward.trustForwarded', forward.trustForwarded);
  if (forward.client !== undefined) checkSync('createWriteGate: forward.client', forward.client, TEXT);
  if (forward.clientAddress !== undefined) {
    checkSync('createWriteGate: forward.clientAddress', forward.clientAddress, TEXT);
  }
  if (forward.ca !== undefined) checkCertificates('createWriteGate: forward.ca', forward.ca);
  return forward;
}

/** TLS silently ignores text that is not a certificate. Every forward would fail, and only then. */
function checkCertificates(option: string, given: NonNullable<ForwardOptions['ca']>): void {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0) throw new RangeError(`${option} must not be empty`);
  for (const each of list) {
    if (typeof each !== 'string' && !Buffer.isBuffer(each)) {
      throw new TypeError(`${option} must be a string, a Buffer or a list of them; got ${typeof each}`);
    }
    if (!CERTIFICATE.test(each.toString('latin1'))) throw new RangeError(`${option} must be certificates in PEM`);
  }
}

const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;

function checkToken<Name extends string>(given: TokenOptions, regions: Regions<Name>): CheckedToken {
  check.object('createWriteGate: token', given, [
    'cookie',
    'seenCookie',
    'header',
    'domain',
    'maxAgeSeconds',
    'secure',
  ]);
  const token = { ...TOKEN_DEFAULTS, secure: !regions.development, ...onlyGiven(given) };
  check.integer('createWriteGate: token.maxAgeSeconds', token.maxAgeSeconds, { min: 1, max: 86_400 });
  check.boolean('createWriteGate: token.secure', token.secure);
  if (!token.secure && !regions.development) {
    throw new RangeError(
      'createWriteGate: token.secure must be true (false only with development: true in defineRegions)',
    );
  }
  for (const name of ['cookie', 'seenCookie', 'header'] as const) {
    const value = token[name];
    if (value !== false && !FIELD_NAME.test(check.string(`createWriteGate: token.${name}`, value))) {
      throw new RangeError(`createWriteGate: token.${name} must be a name of letters, digits, - and _`);
    }
  }
  // Browsers drop cookies that break the rules of these prefixes (RFC 6265bis section 4.1.3), and with them the
  // client's tokens.
  for (const name of token.cookie === false ? [] : [token.cookie, token.seenCookie]) {
    if (
      /^__host-/i.test(name) ? token.domain !== undefined || !token.secure : /^__secure-/i.test(name) && !token.secure
    ) {
      throw new RangeError(
        'createWriteGate: token.cookie must not begin with __Host- beside a domain, nor with either prefix without secure',
      );
    }
  }
  if (token.cookie !== false) checkCookieDomain('createWriteGate: token.domain', token.domain, regions);
  return token;
}

const FIELD_NAME = /^[A-Za-z0-9_-]{1,64}$/;
