import type { Agent } from 'node:http';
import type { Live } from '@regionkit/core';
import { check, type RegionSecrets } from '@regionkit/core/kit';
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
   * How often while the router that health follows is not `ready`, while no primary is known, and while this region asks to leave. In milliseconds.
   * @default 250
   */
  readonly urgentIntervalMs?: number;
  /** @default 1_000 */
  readonly timeoutMs?: number;
  /** How long the last document of a silent region counts, in milliseconds. @default 5_000 */
  readonly unknownAfterMs?: number;
  /** The length of a silence after which the region counts as down, in milliseconds. @default 15_000 */
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

const peersDefaults = {
  intervalMs: 2_000,
  urgentIntervalMs: 250,
  timeoutMs: 1_000,
  unknownAfterMs: 5_000,
  downAfterMs: 15_000,
} as const;

export type CheckedPeersOptions<Name extends string> = PeersOptions<Name> &
  Required<Pick<PeersOptions<Name>, keyof typeof peersDefaults>>;

const KNOWN = [
  'secret',
  'intervalMs',
  'urgentIntervalMs',
  'timeoutMs',
  'unknownAfterMs',
  'downAfterMs',
  'url',
  'agent',
  'fetch',
] as const;

export function checkPeersOptions<Name extends string>(given: PeersOptions<Name>): CheckedPeersOptions<Name> {
  const option = 'createHealth: peers';
  check.object(option, given, KNOWN);
  const intervalMs = check.integer(`${option}.intervalMs`, given.intervalMs ?? peersDefaults.intervalMs, { min: 10 });
  const timeoutMs = check.integer(`${option}.timeoutMs`, given.timeoutMs ?? peersDefaults.timeoutMs, { min: 1 });
  const unknownAfterMs = check.integer(
    `${option}.unknownAfterMs`,
    given.unknownAfterMs ?? Math.max(peersDefaults.unknownAfterMs, Math.ceil(1.5 * intervalMs + timeoutMs)),
    // Otherwise a region would be forgotten between two answers.
    { min: Math.ceil(1.2 * intervalMs + timeoutMs) },
  );
  if (given.url !== undefined) check.function(`${option}.url`, given.url);
  if (given.agent !== undefined) check.object(`${option}.agent`, given.agent);
  if (given.fetch !== undefined) check.function(`${option}.fetch`, given.fetch);
  return {
    ...given,
    intervalMs,
    timeoutMs,
    unknownAfterMs,
    urgentIntervalMs: check.integer(
      `${option}.urgentIntervalMs`,
      given.urgentIntervalMs ?? Math.min(peersDefaults.urgentIntervalMs, intervalMs),
      { min: 10, max: intervalMs },
    ),
    downAfterMs: check.integer(
      `${option}.downAfterMs`,
      given.downAfterMs ?? Math.max(peersDefaults.downAfterMs, unknownAfterMs),
      { min: unknownAfterMs },
    ),
  };
}
