import type { Agent } from 'node:http';
import type { Live } from '@regionkit/core';
import { check, group, integer, type OptionCheck, optional, type RegionSecrets, unchecked } from '@regionkit/core/kit';
import type { FetchLike } from './transport.ts';

/** How the other regions are asked for their state. */
export interface PeersOptions<Name extends string = string> {
  /**
   * Signs the documents: a secret of at least 32 bytes, the same in every region (of a list, the first signs and all
   * verify); or a key pair for each region, so that a compromised region can be excluded.
   */
  readonly secret: RegionSecrets | Live<RegionSecrets>;
  /** How often each region is asked in the normal state, in milliseconds. @default 2_000 */
  readonly intervalMs?: number;
  /**
   * How often while the router that health follows is not `ready`, while no primary is known, and while this region asks to leave. In
   * milliseconds, at most `intervalMs`. @default 250, or `intervalMs` if that is less
   */
  readonly urgentIntervalMs?: number;
  /** The longest time for one answer, in milliseconds. @default 1_000 */
  readonly timeoutMs?: number;
  /**
   * How long the last document of a silent region counts, in milliseconds. At least 1.2 times `intervalMs`, plus
   * `timeoutMs`. @default 5_000, or 1.5 times `intervalMs` plus `timeoutMs` if that is more
   */
  readonly unknownAfterMs?: number;
  /**
   * The length of a silence after which the region counts as down, in milliseconds. At least `unknownAfterMs`.
   * @default 15_000, or `unknownAfterMs` if that is more
   */
  readonly downAfterMs?: number;
  /** Returns the URL at which a region answers. @default `${origin}/health/region` */
  readonly url?: (region: { readonly name: Name; readonly origin: string }) => string;
  /**
   * For a private CA or a client certificate: an `http.Agent` or `https.Agent` with `keepAlive`. @default a separate
   * one
   */
  readonly agent?: Agent;
  /** Used instead of `node:http` and `node:https`. */
  readonly fetch?: FetchLike;
}

type Optional = 'url' | 'agent' | 'fetch';

/** The checked options with their defaults. */
export type CheckedPeersOptions<Name extends string> = Required<Omit<PeersOptions<Name>, Optional>> & {
  readonly [Option in Optional]: PeersOptions<Name>[Option] | undefined;
};

export const peersOptions: OptionCheck<CheckedPeersOptions<string>> = group<CheckedPeersOptions<string>>({
  // Checked where the keys are made of it.
  secret: unchecked,
  intervalMs: integer(2_000, { min: 10 }),
  urgentIntervalMs: (option, given, { intervalMs }) =>
    integer(Math.min(250, intervalMs), { min: 10, max: intervalMs })(option, given),
  timeoutMs: integer(1_000, { min: 1 }),
  // Otherwise a region would be forgotten between two answers.
  unknownAfterMs: (option, given, { intervalMs, timeoutMs }) =>
    integer(Math.max(5_000, Math.ceil(1.5 * intervalMs + timeoutMs)), { min: Math.ceil(1.2 * intervalMs + timeoutMs) })(
      option,
      given,
    ),
  downAfterMs: (option, given, { unknownAfterMs }) =>
    integer(Math.max(15_000, unknownAfterMs), { min: unknownAfterMs })(option, given),
  url: optional(check.function<NonNullable<PeersOptions['url']>>),
  agent: optional(check.object<Agent>),
  fetch: optional(check.function<FetchLike>),
});
