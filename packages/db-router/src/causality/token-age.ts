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
  /** When an operator last declared epochs void, on the monotonic clock. */
  resetAtMs(): number;
}

/** By then every process has heard of a promotion by other means, or is cut off from all of them. */
const FENCING_AGE_MS = 600_000;

export function createTokenAge(options: TokenAgeOptions): TokenAge {
  const { clock } = options;
  /**
   * Too old for its fate to matter any more. Asked only where the fate cannot be known: a position that can be compared
   * needs no age. The wall clock alone does not say so: it may have been set, and whoever wrote just before a promotion must
   * hear of it.
   */
  const isSpent = ({ issuedAtMs }: TokenClaims): boolean => {
    const { state, top } = options.topology();
    if (state !== 'ready' || top === undefined) return false;
    return clock.wallMs() - issuedAtMs > options.maxAgeMs && clock.now() - top.firstHeardAtMs > options.maxAgeMs;
  };

  const startedAtMs = clock.now();
  const startedAtWallMs = clock.wallMs();
  /**
   * Whether the epoch it names may fence a lower one. Only while it is young, by one of two clocks, as either may have been
   * set since: the history it is of may have been thrown away. None of before a reset, and none of another environment.
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
