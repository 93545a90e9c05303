import type { Epoch, RequestView } from '@regionkit/core';
import { type Clock, type Keyring, type RegionKeyring, readEpoch } from '@regionkit/core/kit';

/** Marks a request that a region has forwarded. Anything that carries it is never forwarded again. */
export const HOP_FIELD = 'x-region-hop';

/** What is signed besides the method and target of the request. */
export interface HopClaims {
  readonly from: string;
  readonly to: string;
  /** When it was forwarded, by the wall clock of `from`. */
  readonly atMs: number;
  /** How long, from then, somebody will wait for the answer. */
  readonly deadlineMs: number;
  /** The highest epoch that `from` has heard of. */
  readonly epoch: Epoch | undefined;
  /** Whether it was forwarded as a write, or as a read that no node of `from` could serve. */
  readonly write: boolean;
}

/** A request as the mark binds it. */
export interface MarkedRequest {
  readonly method: string;
  readonly target: string;
}

export type HopVerdict =
  | { readonly mark: 'valid'; readonly claims: HopClaims }
  /**
   * Forged or altered; expired; for another region; or made by this very region, which it came back to. Nothing that it
   * says besides is believed.
   */
  | { readonly mark: 'invalid' | 'expired' | 'misaddressed' | 'own' };

const VERSION = 'v1';
const MAX_LENGTH = 512;
const MAX_DEADLINE_MS = 86_400_000;

/** The value of the field for one request: claims, then their code. */
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

/** Never throws at what it is given. */
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

/** The region that a mark is shared with, as it says itself: whoever made it, or the one it was made for. */
export function peerOf(mark: string, self: string): string | undefined {
  const [, from, to] = mark.split('.', 3);
  return from === self ? to : from;
}

/** A request target holds no space and a method no line break, so no two requests share a text. */
function signedText({ method, target }: MarkedRequest, plain: string): string {
  return `${method} ${target}\n${plain}`;
}

/** Packs what is nearly always the same epoch as before. */
export function createEpochPacker(): (epoch: Epoch | undefined) => string {
  let last: Epoch | undefined;
  let packed = packEpoch(undefined);
  return (epoch) => {
    // By what it says: the topology makes the object anew each time it is asked.
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

/** A region that holds the secret may still lie: what is no epoch is left out. */
function unpack(packed: string): Epoch | undefined {
  try {
    const [system, timeline, owner, server]: unknown[] = JSON.parse(Buffer.from(packed, 'base64url').toString());
    return readEpoch({ system, timeline, owner, server: server ?? undefined });
  } catch {
    // No JSON, or no list; such as `-`, which says that no epoch is known.
    return undefined;
  }
}

/** A request that another region has forwarded here, as far as its mark is to be believed. */
export interface Hop {
  /** The region it was forwarded by. */
  readonly from: string;
  /** When, on this process's monotonic clock, nobody waits for the answer any more. */
  readonly deadlineAtMs: number;
}

/** Reads marks, and remembers what the valid ones said for as long as their requests live. */
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
  let refreshedAtMs = Number.NEGATIVE_INFINITY;
  return {
    of: (raw) => (raw === undefined ? undefined : known.get(raw)),
    read: (request, values) => {
      if (keyring === undefined) return { mark: 'invalid' };
      const verdict = verifyHop(keyring.between, request, values, { self, nowMs: clock.wallMs(), maxAgeMs });
      if (verdict.mark === 'valid') {
        const { from, deadlineMs } = verdict.claims;
        known.set(request.raw, { from, deadlineAtMs: clock.now() + deadlineMs });
      } else if (verdict.mark === 'invalid' && clock.now() - refreshedAtMs > REFRESH_EVERY_MS) {
        // Perhaps the others sign with a newer secret already.
        refreshedAtMs = clock.now();
        keyring.refresh().catch(() => {});
      }
      return verdict;
    },
  };
}

/** Anybody can send a forged mark: it must not have the source of the secrets asked each time. */
const REFRESH_EVERY_MS = 10_000;
