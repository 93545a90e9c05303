import type { Epoch, RequestView } from '@regionkit/core';
import { type Clock, type Keyring, type RegionKeyring, rareRefresh, readEpoch } from '@regionkit/core/kit';

/** Marks a request that a region has forwarded. A request with this field is never forwarded again. */
export const HOP_FIELD = 'x-region-hop';

/** What is signed besides the method and target of the request. */
export interface HopClaims {
  readonly from: string;
  readonly to: string;
  /** When it was forwarded, on the wall clock of `from`. */
  readonly atMs: number;
  /** How long `from` waits for the answer, from then. */
  readonly deadlineMs: number;
  /** The highest epoch that `from` knows. */
  readonly epoch: Epoch | undefined;
  /** True if it was forwarded as a write, false if as a read that no node of `from` could serve. */
  readonly write: boolean;
}

/** A request as the mark covers it. */
export interface MarkedRequest {
  readonly method: string;
  readonly target: string;
}

export type HopVerdict =
  | { readonly mark: 'valid'; readonly claims: HopClaims }
  /**
   * Forged or altered; expired; for another region; or made by this region itself, to which the request came back.
   * Nothing else in it is used.
   */
  | { readonly mark: 'invalid' | 'expired' | 'misaddressed' | 'own' };

const VERSION = 'v1';
const MAX_LENGTH = 512;
const MAX_DEADLINE_MS = 86_400_000;

/** Returns the value of the field for one request: the claims, then their code. */
export function signHop(
  keyring: Keyring,
  request: MarkedRequest,
  claims: HopClaims,
  pack: (epoch: Epoch | undefined) => string = packEpoch,
): string {
  const { from, to, atMs, deadlineMs, epoch, write } = claims;
  const plain = [
    VERSION,
    from,
    to,
    Math.round(atMs).toString(36),
    Math.round(deadlineMs).toString(36),
    pack(epoch),
    write ? 'w' : 'r',
  ].join('.');
  return `${plain}.${keyring.sign(signedText(request, plain))}`;
}

/** Never throws, whatever the input is. */
export function verifyHop(
  keyringOf: RegionKeyring['between'],
  request: MarkedRequest,
  values: readonly string[],
  { self, nowMs, maxAgeMs }: { self: string; nowMs: number; maxAgeMs: number },
): HopVerdict {
  const [value, ...more] = values;
  if (value === undefined || more.length > 0 || value.length > MAX_LENGTH) return { mark: 'invalid' };
  const end = value.lastIndexOf('.');
  const plain = value.slice(0, end);
  const [version, from, to, at, deadline, epoch, access, ...rest] = plain.split('.');
  if (version !== VERSION || epoch === undefined || access === undefined || rest.length > 0) return { mark: 'invalid' };
  const keyring = keyringOf(peerOf(value, self) as string);
  if (keyring?.verify(signedText(request, plain), value.slice(end + 1)) !== true) return { mark: 'invalid' };
  if (from === self) return { mark: 'own' };
  if (to !== self) return { mark: 'misaddressed' };
  const atMs = Number.parseInt(at as string, 36);
  if (!(Math.abs(nowMs - atMs) <= maxAgeMs)) return { mark: 'expired' };
  const deadlineMs = Number.parseInt(deadline as string, 36);
  // A longer one would overflow a timer.
  if (!(deadlineMs >= 0 && deadlineMs <= MAX_DEADLINE_MS)) return { mark: 'invalid' };
  const claims = { from: from as string, to, atMs, deadlineMs, epoch: unpack(epoch), write: access === 'w' };
  return { mark: 'valid', claims };
}

/** Returns the other region of a mark, as the mark says: its maker, or the region it was made for. */
export function peerOf(mark: string, self: string): string | undefined {
  const [, from, to] = mark.split('.', 3);
  return from === self ? to : from;
}

/** A request target contains no space and a method no line break, so each request has a different text. */
function signedText({ method, target }: MarkedRequest, plain: string): string {
  return `${method} ${target}\n${plain}`;
}

/** Encodes epochs. The epoch is nearly always the same as before. */
export function createEpochPacker(): (epoch: Epoch | undefined) => string {
  let last: Epoch | undefined;
  let packed = packEpoch(undefined);
  return (epoch) => {
    // Compare the content: the topology creates a new object each time.
    if (!isSame(epoch, last)) {
      last = epoch;
      packed = packEpoch(epoch);
    }
    return packed;
  };
}

/** All that is packed: the server as well, which is another one after a restart. */
function isSame(left: Epoch | undefined, right: Epoch | undefined): boolean {
  return (
    left?.timeline === right?.timeline &&
    left?.owner === right?.owner &&
    left?.system === right?.system &&
    left?.server === right?.server
  );
}

function packEpoch(epoch: Epoch | undefined): string {
  if (epoch === undefined) return '-';
  const { system, timeline, owner, server } = epoch;
  return Buffer.from(JSON.stringify([system, timeline, owner, server])).toString('base64url');
}

/** A region with the secret may still lie. Anything that is not an epoch is ignored. */
function unpack(packed: string): Epoch | undefined {
  try {
    const [system, timeline, owner, server]: unknown[] = JSON.parse(Buffer.from(packed, 'base64url').toString());
    return readEpoch({ system, timeline, owner, server: server ?? undefined });
  } catch {
    // Not JSON, or not a list. `-` means that no epoch is known.
    return undefined;
  }
}

/** A request that another region has forwarded, as its verified mark describes it. */
export interface Hop {
  /** The region that forwarded it. */
  readonly from: string;
  /** When the forwarding region stops waiting for the answer, on this process's monotonic clock. */
  readonly deadlineAtMs: number;
}

/** Verifies marks, and remembers the valid ones while their requests live. */
export interface HopReader {
  read(request: RequestView, values: readonly string[]): HopVerdict;
  of(raw: object | undefined): Hop | undefined;
}

export function createHopReader({
  self,
  keyring,
  maxAgeMs,
  clock,
}: {
  readonly self: string;
  readonly keyring: RegionKeyring | undefined;
  readonly maxAgeMs: number;
  readonly clock: Clock;
}): HopReader {
  const known = new WeakMap<object, Hop>();
  const refresh = rareRefresh(clock, () => keyring?.refresh());
  return {
    of: (raw) => (raw === undefined ? undefined : known.get(raw)),
    read: (request, values) => {
      if (keyring === undefined) return { mark: 'invalid' };
      const verdict = verifyHop(keyring.between, request, values, { self, nowMs: clock.wallMs(), maxAgeMs });
      if (verdict.mark === 'valid') {
        const { from, deadlineMs } = verdict.claims;
        known.set(request.raw, { from, deadlineAtMs: clock.now() + deadlineMs });
      } else if (verdict.mark === 'invalid') refresh();
      return verdict;
    },
  };
}

/** Made by another region, for this region and this request. */
export function isForHere(mark: HopVerdict | undefined): boolean {
  return mark?.mark === 'valid' || mark?.mark === 'expired';
}
