import { maxHeaderSize } from 'node:http';
import type { Live, RequestView } from '@regionkit/core';
import {
  check,
  group,
  integer,
  type OptionCheck,
  optional,
  type RegionSecrets,
  unchecked,
  withDefault,
} from '@regionkit/core/kit';
import { checkSync, type Returns, TEXT, TRUST } from './app-function.ts';

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
   * How many of them one client may have. No limit for the private address of a load balancer whose `X-Forwarded-For` is not trusted.
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
   * The rate at which a client must send or read, or its request is ended after `bodyTimeoutMs`. When all places are taken, the
   * slowest client below 16 times this rate gives its place to a new request. @default 512
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

type Optional = 'ca' | 'client' | 'clientAddress';
export type CheckedForward = Required<Omit<ForwardOptions, Optional>> & {
  readonly [Option in Optional]: ForwardOptions[Option] | undefined;
};

const MAX_FORWARDS = 65_536;

const upTo = (max: number, byDefault: number): OptionCheck<number> => integer(byDefault, { min: 1, max });
const milliseconds = (byDefault: number): OptionCheck<number> => upTo(86_400_000, byDefault);
const sync = <T>(returns: Returns<T>): OptionCheck<((request: RequestView) => T) | undefined> =>
  optional((option, given: (request: RequestView) => T) => checkSync(option, given, returns));

export const checkForward: OptionCheck<CheckedForward> = group<CheckedForward>({
  // Checked where the keys are made of it.
  secret: unchecked,
  maxConcurrent: upTo(MAX_FORWARDS, 256),
  maxPerClient: (option, given, { maxConcurrent }) => upTo(MAX_FORWARDS, Math.ceil(maxConcurrent / 2))(option, given),
  client: sync(TEXT),
  minBytesPerSecond: upTo(1_048_576, 512),
  connectTimeoutMs: milliseconds(2_000),
  headersTimeoutMs: milliseconds(30_000),
  bodyTimeoutMs: milliseconds(30_000),
  deadlineMs: milliseconds(300_000),
  maxHopAgeMs: milliseconds(30_000),
  trustForwarded: withDefault<NonNullable<ForwardOptions['trustForwarded']>>(false, (option, given) =>
    typeof given === 'function' ? checkSync(option, given, TRUST) : check.boolean(option, given),
  ),
  maxHeadBytes: integer(maxHeaderSize, { min: 1_024, max: 1_048_576 }),
  clientAddress: sync(TEXT),
  ca: optional(checkCertificates),
});

/** TLS silently ignores text that is not a certificate. Every forward would fail, and only then. */
function checkCertificates(
  option: string,
  given: NonNullable<ForwardOptions['ca']>,
): NonNullable<ForwardOptions['ca']> {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0) throw new RangeError(`${option} must not be empty`);
  for (const each of list) {
    if (typeof each !== 'string' && !Buffer.isBuffer(each)) {
      throw new TypeError(`${option} must be a string, a Buffer or a list of them; got ${typeof each}`);
    }
    if (!CERTIFICATE.test(each.toString('latin1'))) throw new RangeError(`${option} must be certificates in PEM`);
  }
  return given;
}

const CERTIFICATE = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/;
