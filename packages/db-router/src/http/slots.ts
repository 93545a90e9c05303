import { isIPv6 } from 'node:net';
import { createRoster } from '@regionkit/core/kit';
import type { ForwardFailure } from './errors.ts';

/** One slot of the running forwards. */
export interface Slot {
  /** How much patience is left for its client, from 1 to 0. */
  patience(): number;
  /** Frees the slot, because its client is slow. */
  giveUp(): void;
}

/** The names that a forward counts for. Each name has its own limit. */
export type ClientNames = readonly string[];

/** Limits how many forwards run at the same time, in total and for each client. */
export interface Slots {
  readonly taken: number;
  /**
   * Returns why there is no free slot; undefined if there is one. A forward that waits for its client is ended to make
   * room for a new one.
   */
  refusal(clientNames: ClientNames): ForwardFailure | undefined;
  /** @returns frees the slot */
  acquire(clientNames: ClientNames, slot: Slot): () => void;
}

export function createSlots({ max, maxPerClient }: { readonly max: number; readonly maxPerClient: number }): Slots {
  const slots = createRoster<{ readonly slot: Slot; readonly clientNames: ClientNames }>();
  const counts = new Map<string, number>();

  /** The slot of the client that has delayed its forward the longest, among all or among those of one name. */
  const slowest = (name?: string): Slot | undefined => {
    let found: Slot | undefined;
    let least = IN_USE;
    for (const { slot, clientNames } of slots.all()) {
      const patience = slot.patience();
      if (patience >= least || (name !== undefined && !clientNames.includes(name))) continue;
      found = slot;
      least = patience;
    }
    return found;
  };
  const isFull = (name: string): boolean => (counts.get(name) ?? 0) >= maxPerClient;

  return {
    get taken() {
      return slots.size;
    },
    refusal: (clientNames) => {
      if (slots.size < max && !clientNames.some(isFull)) return undefined;
      // A new forward of a client within its own limit must not end a forward of another client.
      const leaving = clientNames.filter(isFull).map((name) => slowest(name));
      if (leaving.includes(undefined)) return slots.size >= max ? BUSY : CLIENT_BUSY;
      for (const slot of new Set(leaving)) slot?.giveUp();
      if (slots.size >= max) slowest()?.giveUp();
      if (slots.size >= max) return BUSY;
      return clientNames.some(isFull) ? CLIENT_BUSY : undefined;
    },
    acquire: (clientNames, slot) => {
      const free = slots.add({ slot, clientNames });
      for (const name of clientNames) counts.set(name, (counts.get(name) ?? 0) + 1);
      return () => {
        if (!free()) return;
        for (const name of clientNames) {
          const left = (counts.get(name) ?? 1) - 1;
          if (left === 0) counts.delete(name);
          else counts.set(name, left);
        }
      };
    },
  };
}

/** Below it a client has used a tenth of its patience. */
const IN_USE = 0.9;

const BUSY = { code: 'ERR_FORWARD_BUSY', outcome: 'not-sent', proxyError: 'connection_limit_reached' } as const;
const CLIENT_BUSY = {
  code: 'ERR_FORWARD_CLIENT_BUSY',
  outcome: 'not-sent',
  proxyError: 'connection_limit_reached',
} as const;

/** The name of a client by its address. For IPv6 it is the network, because one client has all addresses of a /64. */
export function addressName(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%')[0] as string).split('::');
  const groups = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - groups.length - after.length;
  const all = [...groups, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...after];
  return all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}

/**
 * What {@link addressTaker} gives of loopback and private networks ([RFC 1918](https://www.rfc-editor.org/rfc/rfc1918),
 * [RFC 4193](https://www.rfc-editor.org/rfc/rfc4193)): no host in the internet has such an address.
 */
export const PRIVATE: RegExp = /^(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.|^f[cd]|^0:0:0:0$/;
