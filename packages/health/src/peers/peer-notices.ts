import type { Notices } from '@regionkit/core/kit';
import type { PeerReason } from './peer.ts';

/** One bad answer may be a deployment or a secret on its way; as many in a row are a mistake that stays. */
const IN_A_ROW = 5;

/** What to do about a region that answers, and never with a document of its own. All of them look the same from outside. */
const MISTAKES: Partial<
  Record<PeerReason, readonly [code: `REGIONKIT_${string}`, message: (region: string) => string]>
> = {
  'bad-signature': [
    'REGIONKIT_PEER_SECRET',
    (region) =>
      `health: what ${region} says is signed with another secret: peers.secret must be the same in every region`,
  ],
  status: [
    'REGIONKIT_PEER_NOT_MOUNTED',
    (region) =>
      `health: ${region} does not answer at /health/region: mount health there, with peers, at the root of its origin`,
  ],
  redirect: [
    'REGIONKIT_PEER_NOT_MOUNTED',
    (region) =>
      `health: ${region} redirects /health/region elsewhere: its origin in defineRegions must answer by itself`,
  ],
  'wrong-region': [
    'REGIONKIT_PEER_WRONG_REGION',
    (region) =>
      `health: another region answers at the origin of ${region}: mend its DNS name, or its origin in defineRegions`,
  ],
  malformed: [
    'REGIONKIT_PEER_MALFORMED',
    (region) =>
      `health: what answers at the origin of ${region} is no document of health: mount health there, of the same version`,
  ],
};

/** Tells of a region whose answers are wrong in the same way again and again. */
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
