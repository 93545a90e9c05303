import type { Notices } from '@regionkit/core/kit';
import type { PeerReason } from './peer.ts';

/** One bad answer may come from a deployment or a rotation of a secret. This many in a row are a permanent mistake. */
const IN_A_ROW = 5;

type Mistake = readonly [code: `REGIONKIT_${string}`, message: (region: string) => string];

const SECRET: Mistake = [
  'REGIONKIT_PEER_SECRET',
  (region) => `health: ${region} has another peers.secret: it must be the same in every region`,
];
const NOT_MOUNTED: Mistake = [
  'REGIONKIT_PEER_NOT_MOUNTED',
  (region) => `health: ${region} has no /health/region: mount health there, with peers, at the root of its origin`,
];
const STATUS: Mistake = [
  'REGIONKIT_PEER_STATUS',
  (region) =>
    `health: in ${region} something before health answers /health/region with an error: mount health first, and let the requests of regions pass each firewall and rate limit`,
];
const MALFORMED: Mistake = [
  'REGIONKIT_PEER_MALFORMED',
  (region) => `health: the answer at the origin of ${region} is not from a health middleware of this version`,
];
const CLOCK: Mistake = [
  'REGIONKIT_PEER_CLOCK',
  (region) =>
    `health: the clocks of ${region} and of this region differ by over 30 s: synchronise them (NTP), the secrets are right`,
];

/** Advice for a region that answers, but never with a valid document. From outside all these cases look the same. */
const MISTAKES: Partial<Record<PeerReason, Mistake>> = {
  'bad-signature': SECRET,
  refused: SECRET,
  'not-mounted': NOT_MOUNTED,
  redirect: NOT_MOUNTED,
  status: STATUS,
  malformed: MALFORMED,
  version: MALFORMED,
  'clock-skew': CLOCK,
  'wrong-region': [
    'REGIONKIT_PEER_WRONG_REGION',
    (region) => `health: another region answers at the origin of ${region}: mend its DNS name, or its origin`,
  ],
};

/** Reports a region with a clock that differs from ours. */
export function noticeClockSkew(notice: Notices, region: string): void {
  notice(CLOCK[0], CLOCK[1](region));
}

const SECRETS: Readonly<Record<string, readonly [code: `REGIONKIT_${string}`, option: string, consequence: string]>> = {
  token: [
    'REGIONKIT_TOKEN_SECRET',
    'token.secret or token.environment of createRegionRouter',
    'the tokens of one are nothing to the other, so reads go to the primary',
  ],
  forward: [
    'REGIONKIT_FORWARD_SECRET',
    'forward.secret of createWriteGate',
    'what one forwards the other does not believe',
  ],
};

/** Reports a region with another secret. Only after several in a row, because a rotation is no mistake. */
export function createSecretNotices(notice: Notices): (region: string, use: string) => void {
  const rows = new Map<string, number>();
  return (region, use) => {
    const secret = Object.hasOwn(SECRETS, use) ? SECRETS[use] : undefined;
    const key = `${use} ${region}`;
    rows.set(key, (rows.get(key) ?? 0) + 1);
    if (secret === undefined || rows.get(key) !== IN_A_ROW) return;
    const [code, option, consequence] = secret;
    notice(code, `health: ${region} has another ${option}: ${consequence}. It must be the same in every region`);
  };
}

/** Reports a region whose answers have the same error repeatedly. */
export function createPeerNotices(notice: Notices): (region: string, reason: PeerReason) => void {
  const rows = new Map<string, { readonly reason: PeerReason; readonly count: number }>();
  return (region, reason) => {
    const before = rows.get(region);
    const count = before?.reason === reason ? before.count + 1 : 1;
    rows.set(region, { reason, count });
    const mistake = MISTAKES[reason];
    if (mistake !== undefined && count === IN_A_ROW) notice(mistake[0], mistake[1](region));
  };
}
