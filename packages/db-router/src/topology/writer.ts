import { createHash } from 'node:crypto';
import type { Epoch } from '@regionkit/core';

/**
 * A server that was told of as writing a timeline, and the names of the pools that led to it. Names move, as endpoints do;
 * a server on a timeline is one owner, whatever it is called.
 */
export interface Writer {
  readonly system: string;
  readonly timeline: number;
  /** {@link serverId}; empty as long as only a name was told. */
  readonly server: string;
  /** In the order in which they were told. */
  readonly names: readonly string[];
  /** The name that stands for all of them here. Two servers may have it: one was restarted. */
  readonly owner: string;
  /** When one of our own nodes was this server for the first time; Infinity for never. */
  readonly firstMeasuredAtMs: number;
  /** When one of our own nodes was asked last and was this server; -Infinity for never. */
  readonly measuredAtMs: number;
}

interface Writers {
  readonly writers: readonly Writer[];
}

const ID_LENGTH = 16;
/** No region has it in its name. */
const TWIN = '~';

/** What a running server is called in documents and tokens: a hash, as its start time and port concern nobody else. */
export function serverId(server: string): string {
  return createHash('sha256').update(`regionkit server ${server}`).digest('base64url').slice(0, ID_LENGTH);
}

/** The name under which an owner is known here: its server tells it, or else its name. */
export function ownerName({ writers }: Writers, { system, timeline, owner, server }: Epoch): string {
  let named: Writer | undefined;
  for (let index = 0; index < writers.length; index += 1) {
    const writer = writers[index] as Writer;
    if (writer.timeline !== timeline || writer.system !== system) continue;
    if (server !== undefined && writer.server === server) return writer.owner;
    // The latest server of a name: the one before was restarted, or left to another name.
    if (writer.names.includes(owner)) named = writer;
  }
  return named?.owner ?? owner;
}

/** The server that was measured last under this owner, or told of last: word of an earlier life may come late. */
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

/** The epoch of this owner, with its server where that is known. */
export function epochOf(facts: Writers, epoch: Pick<Epoch, 'system' | 'timeline' | 'owner'>): Epoch {
  const server = serverOf(facts, epoch);
  return { ...epoch, ...(server !== undefined && { server }) };
}

/** A name for a server that shares its name with another one. */
export function madeUpOwner(owner: string, server: string): string {
  return `${owner}${TWIN}${server}`;
}

/** Whether only this process calls a server so, because one name led to two: no other process knows it. */
export function isMadeUp(owner: string): boolean {
  return owner.includes(TWIN);
}

/** `region/node` without its node. */
export function regionOf(owner: string): string {
  return owner.slice(0, owner.lastIndexOf('/'));
}
