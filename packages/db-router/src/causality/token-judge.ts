import type { Epoch } from '@regionkit/core';
import { PRIMARY_ONLY, type RequiredPosition, requireAt } from '../history/required-position.ts';
import { isKnownTop } from '../topology/live-topology.ts';
import type { Topology } from '../topology/topology.ts';
import { type Fate, fateOf } from './fate.ts';
import { nameOfHash, type TokenClaims, type TokenCodec } from './token.ts';

/** A position from a token. */
export interface Claim {
  readonly kind: 'write' | 'seen';
  readonly epoch: Epoch;
  readonly lsn: bigint;
}

/** What a topology says of a token. */
export interface Judgement {
  readonly topology: Topology;
  /** Undefined if it belongs to no known database. */
  readonly claim: Claim | undefined;
  readonly fate: Fate;
  /** Its epoch is not known as the highest yet. */
  readonly isNews: boolean;
  readonly need: RequiredPosition;
}

export interface TokenJudgeOptions {
  readonly codec: TokenCodec | undefined;
  /** The possible owners. A token contains only a hash of its owner. */
  readonly owners: readonly string[];
  /** Returns the epoch with the owner's name in this process. One server may have several names. */
  known(epoch: Epoch): Epoch;
  topology(): Topology;
  /** Every known database. */
  systems(): readonly string[];
}

/**
 * Judges tokens by the topology of the moment. A client sends its token with every request, so a judgement is kept while
 * both stay.
 */
export function createTokenJudge({
  codec,
  owners,
  known,
  topology: now,
  systems,
}: TokenJudgeOptions): (claims: TokenClaims) => Judgement {
  // The read may have been served while the writer of that history was unknown. Then the owner has no name.
  const names = new Map(codec === undefined ? [] : ['', ...owners].map((owner) => [codec.ownerHash(owner), owner]));
  const judgements = new WeakMap<TokenClaims, Judgement>();

  /** The epoch of a token, with the names of this process. Undefined if it belongs to no known database. */
  const epochOf = (claims: TokenClaims): Epoch | undefined => {
    const system = systems().find((one) => codec?.systemHash(one) === claims.systemHash);
    if (system === undefined) return undefined;
    const owner = names.get(claims.ownerHash) ?? nameOfHash(claims.ownerHash);
    const { timeline, server } = claims;
    return known({ system, timeline, owner, ...(server !== undefined && { server }) });
  };

  return (claims) => {
    const topology = now();
    const before = judgements.get(claims);
    if (before?.topology === topology) return before;
    const epoch = epochOf(claims);
    const { kind, lsn } = claims;
    const judgement: Judgement =
      epoch === undefined
        ? { topology, claim: undefined, fate: 'unknown', isNews: false, need: PRIMARY_ONLY }
        : {
            topology,
            claim: { kind, epoch, lsn },
            fate: fateOf(epoch, lsn, topology),
            isNews: !isKnownTop(topology, epoch),
            need: requireAt(epoch, lsn),
          };
    judgements.set(claims, judgement);
    return judgement;
  };
}
