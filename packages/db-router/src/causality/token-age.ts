import type { Clock } from '@regionkit/core/kit';
import type { Topology } from '../topology/topology.ts';
import type { TokenClaims } from './token.ts';

/** What the age of a token allows. */
export interface TokenAge {
  isSpent(claims: TokenClaims): boolean;
  mayFence(claims: TokenClaims): boolean;
}

export interface TokenAgeOptions {
  readonly clock: Clock;
  readonly maxAgeMs: number;
  topology(): Topology;
  /** When an operator last declared an epoch invalid (`resetEpoch`), on the monotonic clock. */
  resetAtMs(): number;
}

/** After this time every process knows of a promotion from another source, or is cut off from all of them. */
const FENCING_AGE_MS = 600_000;

export function createTokenAge(options: TokenAgeOptions): TokenAge {
  const { clock } = options;
  /**
   * Whether a token is so old that its unknown fate no longer matters. Used only if the fate cannot be determined: a
   * position that can be compared has no age limit. The wall clock alone is not enough, because it may have been set,
   * and a client that wrote just before a promotion must learn of the loss.
   */
  const isSpent = ({ issuedAtMs }: TokenClaims): boolean => {
    const { state, top } = options.topology();
    if (state !== 'ready' || top === undefined) return false;
    return clock.wallMs() - issuedAtMs > options.maxAgeMs && clock.now() - top.firstKnownAtMs > options.maxAgeMs;
  };

  const startedAtMs = clock.now();
  const startedAtWallMs = clock.wallMs();
  /**
   * Whether the token's epoch may fence a lower one. Only a young token may, because its history may have been
   * discarded since. Either clock may have been set, so one of the two is enough to call it young. A token from before
   * a reset, or from another environment, never may.
   */
  const mayFence = ({ issuedAtMs, isHome }: TokenClaims): boolean => {
    const nowMs = clock.now();
    const byWallMs = clock.wallMs() - issuedAtMs;
    const byStartMs = startedAtWallMs + nowMs - startedAtMs - issuedAtMs;
    const ageMs = Math.abs(byWallMs) < Math.abs(byStartMs) ? byWallMs : byStartMs;
    return isHome && Math.abs(ageMs) <= FENCING_AGE_MS && nowMs - ageMs > options.resetAtMs();
  };

  return { isSpent, mayFence };
}
