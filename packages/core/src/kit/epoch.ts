import type { Epoch } from '../database.ts';

/**
 * Reads an epoch that came from outside, for example from another region. Undefined if it is not an epoch. The owner is
 * empty if only the timeline is known, as on a standby.
 */
export function readEpoch(given: unknown): Epoch | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const { system, timeline, owner, server } = given as Readonly<Record<keyof Epoch, unknown>>;
  if (!isSystem(system) || !isTimeline(timeline) || typeof owner !== 'string' || !OWNER.test(owner)) return undefined;
  if (server === undefined) return { system, timeline, owner };
  return isServer(server) ? { system, timeline, owner, server } : undefined;
}

/** A system identifier, in decimal. */
export function isSystem(given: unknown): given is string {
  return typeof given === 'string' && SYSTEM.test(given);
}

/** PostgreSQL counts them in 32 bits, from 1. */
export function isTimeline(given: unknown): given is number {
  return Number.isInteger(given) && (given as number) >= 1 && (given as number) <= 0xffff_ffff;
}

function isServer(given: unknown): given is string {
  return typeof given === 'string' && SERVER.test(given);
}

const SYSTEM = /^\d{1,20}$/;
const OWNER = /^[\x21-\x7e]{0,256}$/;
const SERVER = /^[A-Za-z0-9_-]{16,64}$/;
