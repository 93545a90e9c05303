import type { Epoch, Fork } from '@regionkit/core';
import type { Stored } from './facts.ts';

/**
 * Keeps what a router knows of the epochs while no process runs. A file, a row in another database, a parameter: any
 * place that all regions share. What it holds is a short string of the router's own.
 */
export interface EpochStore {
  /** What was saved last; undefined if nothing was. */
  load(): Promise<string | undefined>;
  save(value: string): Promise<void>;
}

/** One line of JSON. */
export function writeStored(stored: Stored): string {
  return JSON.stringify(stored, (_key, value: unknown) => (typeof value === 'bigint' ? value.toString() : value));
}

/** Undefined for anything that {@link writeStored} did not write. */
export function readStored(value: string): Stored | undefined {
  try {
    const { epoch, owners, forks, voided } = JSON.parse(value) as Record<string, unknown>;
    if (!isEpoch(epoch) || !Array.isArray(owners) || !Array.isArray(forks) || !Array.isArray(voided)) return undefined;
    if (!owners.every(isEpoch) || !voided.every(isEpoch)) return undefined;
    return { epoch, owners, voided, forks: forks.map(readFork) };
  } catch {
    return undefined;
  }
}

function isEpoch(value: unknown): value is Epoch {
  const { system, timeline, owner } = (value ?? {}) as Record<string, unknown>;
  return typeof system === 'string' && Number.isSafeInteger(timeline) && typeof owner === 'string';
}

function readFork(value: unknown): Fork {
  const { system, parent, child, lsn } = value as Record<string, unknown>;
  if (typeof system !== 'string' || !Number.isSafeInteger(parent) || !Number.isSafeInteger(child))
    throw new TypeError();
  return { system, parent: parent as number, child: child as number, lsn: BigInt(lsn as string) };
}
