import { createHash } from 'node:crypto';
import type { Epoch } from '@regionkit/core';

/**
 * A server that is known to write a timeline, and the names of the pools that led to it. Names move, as endpoints do. A
 * server on a timeline is one owner, whatever its name is.
 */
export interface Writer {
  readonly system: string;
  readonly timeline: number;
  /** {@link serverId}. Empty while only a name is known. */
  readonly server: string;
  /** In the order in which they became known. */
  readonly names: readonly string[];
  /** The name that stands for all of them in this process. Two servers may have it if one of them was restarted. */
  readonly owner: string;
  /** When one of our own nodes first was this server; Infinity: never. */
  readonly firstMeasuredAtMs: number;
  /** When one of our own nodes last was this server; -Infinity: never. */
  readonly measuredAtMs: number;
}

interface Writers {
  readonly writers: readonly Writer[];
}

const ID_LENGTH = 16;
/** No region has this character in its name. */
const TWIN = '~';

/**
 * The name of a running server in documents and tokens. It is a hash, because its start time and port must stay
 * private.
 */
export function serverId(server: string): string {
  return createHash('sha256').update(`regionkit server ${server}`).digest('base64url').slice(0, ID_LENGTH);
}

/** The name of an owner in this process: by its server, or else its own name. */
export function ownerName({ writers }: Writers, { system, timeline, owner, server }: Epoch): string {
  let named: Writer | undefined;
  for (let index = 0; index < writers.length; index += 1) {
    const writer = writers[index] as Writer;
    if (writer.timeline !== timeline || writer.system !== system) continue;
    if (server !== undefined && writer.server === server) return writer.owner;
    // The latest server with this name. An earlier one was restarted, or has another name now.
    if (writer.names.includes(owner)) named = writer;
  }
  return named?.owner ?? owner;
}

/**
 * The server that was measured last under this owner, or else reported last. A report of an earlier life may arrive
 * late.
 */
export function serverOf(
  { writers }: Writers,
  { system, timeline, owner }: Pick<Epoch, 'system' | 'timeline' | 'owner'>,
): string | undefined {
  let found: Writer | undefined;
  for (const writer of writers) {
    if (writer.owner !== owner || writer.timeline !== timeline || writer.system !== system) continue;
    if (found === undefined || writer.measuredAtMs >= found.measuredAtMs) found = writer;
  }
  return found?.server === '' ? undefined : found?.server;
}

/** The epoch of this owner, with its server if known. */
export function epochOf(facts: Writers, epoch: Pick<Epoch, 'system' | 'timeline' | 'owner'>): Epoch {
  const server = serverOf(facts, epoch);
  return { ...epoch, ...(server !== undefined && { server }) };
}

/** A name for a server that shares its name with another one. */
export function madeUpOwner(owner: string, server: string): string {
  return `${owner}${TWIN}${server}`;
}

/** Whether only this process uses this name for a server, because one name led to two. No other process knows it. */
export function isMadeUp(owner: string): boolean {
  return owner.includes(TWIN);
}

/** The region in `region/node`. */
export function regionOf(owner: string): string {
  return owner.slice(0, owner.lastIndexOf('/'));
}
