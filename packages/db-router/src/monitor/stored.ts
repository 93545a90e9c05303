import type { Epoch, Fork, Vouch } from '@regionkit/core';
import { isTimeline, readEpoch } from '@regionkit/core/kit';
import type { Stored } from '../topology/facts.ts';

const MAX_LSN = 0xffff_ffff_ffff_ffffn;

/** Formats the stored state as one line of JSON. */
export function writeStored(stored: Stored): string {
  return JSON.stringify(stored, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

/** Undefined for anything that {@link writeStored} did not write. */
export function readStored(value: string): Stored | undefined {
  try {
    const { epoch, owners, forks, voided, vouches } = JSON.parse(value) as Record<string, unknown>;
    if (!isEpoch(epoch) || !Array.isArray(owners) || !Array.isArray(forks) || !Array.isArray(voided)) return undefined;
    if (!owners.every(isEpoch) || !voided.every(isEpoch)) return undefined;
    const stored = { epoch, owners, voided, forks: forks.map(readFork) };
    return vouches === undefined ? stored : { ...stored, vouches: readVouch(vouches) };
  } catch {
    return undefined;
  }
}

function isEpoch(value: unknown): value is Epoch {
  return readEpoch(value) !== undefined;
}

function readVouch(value: unknown): Vouch {
  if (typeof value !== 'object') throw new TypeError();
  const { primary, written } = value as Record<string, unknown>;
  if (![primary, written].every((epoch) => epoch === undefined || isEpoch(epoch))) throw new TypeError();
  return { ...(isEpoch(primary) && { primary }), ...(isEpoch(written) && { written }) };
}

function readFork(value: unknown): Fork {
  const { system, parent, child, lsn } = value as Record<string, unknown>;
  if (typeof system !== 'string' || !isTimeline(parent) || !isTimeline(child)) throw new TypeError();
  if (typeof lsn !== 'string' || !/^\d{1,20}$/.test(lsn) || BigInt(lsn) > MAX_LSN) throw new TypeError();
  return { system, parent, child, lsn: BigInt(lsn) };
}
