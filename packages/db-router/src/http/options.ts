import { maxHeaderSize } from 'node:http';
import type { Live, Regions, RegionView, RequestView } from '@regionkit/core';
import { type Clock, check, checkCookieDomain, onlyGiven, type RegionSecrets, systemClock } from '@regionkit/core/kit';
import type { GateRouter } from '../gate-seam.ts';
import { checkSync, IS_WRITE, TEXT, TRUST } from './app-function.ts';

/** How a write is carried to the region of the primary. */
export interface ForwardOptions {
  /**
   * Signs the mark that a forwarded request carries: at least 32 bytes, the same in every region, the first of a list
   * signs, all verify; or a key pair for each region ({@link RegionKeys}), so that a stolen region can be shut out.
   */
  readonly secret: RegionSecrets | Live<RegionSecrets>;
  /** Forwards under way at once; one more is refused, so that a slow primary cannot take the local reads with it. @default 256 */
  readonly maxConcurrent?: number;
  /**
   * Of them, for one client. No limit for the private address of a load balancer whose `X-Forwarded-For` is not trusted.
   * @default half of maxConcurrent
   */
  readonly maxPerClient?: number;
  /**
   * Names the client, such as the user of its session. Where it names none the address counts, and all without a name
   * take no more than `maxPerClient` together.
   */
  readonly client?: (request: RequestView) => string | undefined;
  /** @default 2_000 */
  readonly connectTimeoutMs?: number;
  /** From the end of the request to the head of the answer. @default 30_000 */
  readonly headersTimeoutMs?: number;
  /** How long either end may hold the body, or the answer, up. @default 30_000 */
  readonly bodyTimeoutMs?: number;
  /**
   * What a client has to send, or take, lest it use that time up. When all places are taken, the slowest client below 16
   * times as much gives its place to a new request. @default 512
   */
  readonly minBytesPerSecond?: number;
  /** From the arrival of the request to the end of its answer, the hold included; told to the other region. @default 300_000 */
  readonly deadlineMs?: number;
  /** How far the wall clocks of two regions may be apart before a mark is no longer believed. @default 30_000 */
  readonly maxHopAgeMs?: number;
  /** Whether `X-Forwarded-*` were set by a load balancer of yours: then they are added to, else replaced. @default false */
  readonly trustForwarded?: boolean | ((request: RequestView) => boolean);
  /** Heads that would be larger over there are refused here. @default what Node takes, `http.maxHeaderSize` */
  readonly maxHeadBytes?: number;
  /**
   * The address of the client, where a load balancer or a fetch handler alone knows it; it counts before `X-Forwarded-For`.
   * Undefined for that of the connection.
   */
  readonly clientAddress?: (request: RequestView) => string | undefined;
  /** The certificates to trust in place of the usual ones, in PEM: the text, not a path. There is no way to trust all. */
  readonly ca?: string | Buffer | readonly (string | Buffer)[];
}

/** How a client carries its token. */
export interface TokenOptions {
  /** The cookie of what it wrote; false for none. @default 'region-token' */
  readonly cookie?: string | false;
  /** The cookie of what it saw, under monotonic reads. @default 'region-seen' */
  readonly seenCookie?: string;
  /** The field of what it wrote, for API clients; false for none. @default 'X-Region-Token' */
  readonly header?: string | false;
  /** Must cover every region's origin. Required, where there are cookies, unless there is one region or `development`. */
  readonly domain?: string;
  /** @default 300 */
  readonly maxAgeSeconds?: number;
  /** @default true, false with `regions.development` */
  readonly secure?: boolean;
}

export interface WriteGateOptions<Name extends string = string> {
  readonly regions: Regions<Name>;
  /** What the other regions say: a write is refused at once while the primary's region says that it can do none. */
  readonly view?: RegionView<Name>;
  /** Required when the router's `writes` is `forward` and there is more than one region. */
  readonly forward?: ForwardOptions;
  /** Whether a request writes; undefined leaves it to the method. @default every method but GET, HEAD, OPTIONS, TRACE */
  readonly isWrite?: (request: RequestView) => boolean | undefined;
  readonly token?: TokenOptions;
  /** What a refusal tells the client to wait. @default 1 */
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

/** The options, checked, with their defaults. */
export interface CheckedOptions<Name extends string> {
  readonly regions: Regions<Name>;
  readonly view: RegionView<Name> | undefined;
  readonly forward: CheckedForward | undefined;
  readonly isWrite: ((request: RequestView) => boolean | undefined) | undefined;
  readonly token: CheckedToken;
  readonly retryAfterSeconds: number;
  readonly clock: Clock;
}

export function checkOptions<Name extends string>(
  given: WriteGateOptions<Name>,
  router: GateRouter<Name>,
): CheckedOptions<Name> {
  check.object('createWriteGate: options', given, [
    'regions',
    'view',
    'forward',
    'isWrite',
    'token',
    'retryAfterSeconds',
    'clock',
  ]);
  check.methods('createWriteGate: router', router, [
    'openScope',
    'primaryNow',
    'locatePrimary',
    'hear',
    'highest',
    'doubt',
  ]);
  check.regions('createWriteGate: regions', given.regions);
  if (router.self !== given.regions.self) {
    throw new RangeError('createWriteGate: regions must be those of the router; its self is another');
  }
  if (router.writes === 'forward' && given.regions.list.length > 1 && given.forward === undefined) {
    throw new TypeError("createWriteGate: forward must be set: the router's writes is 'forward'");
  }
  if (given.view !== undefined) check.view('createWriteGate: view', given.view);
  if (given.isWrite !== undefined) checkSync('createWriteGate: isWrite', given.isWrite, IS_WRITE);
  const retryAfterSeconds = given.retryAfterSeconds ?? 1;
  check.integer('createWriteGate: retryAfterSeconds', retryAfterSeconds, { min: 0, max: 86_400 });
  return {
    regions: given.regions,
    view: given.view,
    forward: given.forward === undefined ? undefined : checkForward(given.forward),
    isWrite: given.isWrite,
    token: checkToken(given.token ?? {}, given.regions),
    retryAfterSeconds,
    clock: check.clock('createWriteGate: clock', given.clock ?? systemClock),
  };
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

/** What is no certificate is left out by TLS without a word: then every forward fails, and only then. */
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
  // Browsers drop what does not keep to these prefixes (RFC 6265bis section 4.1.3), and the client's tokens with it.
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
