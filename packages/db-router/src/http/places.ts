import { isIPv6 } from 'node:net';
import type { ForwardFailure } from './errors.ts';

/** One place of the forwards that may be under way at once. */
export interface Place {
  /** How much patience is left with its client, from 1 to 0. */
  patience(): number;
  /** Gives the place back, as its client keeps it waiting. */
  giveUp(): void;
}

/** Who takes places: every name counts by itself. */
export type Takers = readonly string[];

/** A bounded number of forwards at a time, a share of it for each client. */
export interface Places {
  readonly taken: number;
  /** Why there is none to be had, if there is none. One that waits for its client makes room for a newcomer. */
  obstacle(takers: Takers): ForwardFailure | undefined;
  /** @returns gives it back */
  take(takers: Takers, place: Place): () => void;
}

export function createPlaces({ max, maxPerClient }: { readonly max: number; readonly maxPerClient: number }): Places {
  const places = new Map<Place, Takers>();
  const counts = new Map<string, number>();

  /** The place of the client that has kept its forward waiting the longest, among all or those of one taker. */
  const slowest = (taker?: string): Place | undefined => {
    let found: Place | undefined;
    let least = IN_USE;
    for (const [place, takers] of places) {
      const patience = place.patience();
      if (patience >= least || (taker !== undefined && !takers.includes(taker))) continue;
      found = place;
      least = patience;
    }
    return found;
  };
  const isFull = (taker: string): boolean => (counts.get(taker) ?? 0) >= maxPerClient;

  return {
    get taken() {
      return places.size;
    },
    obstacle: (takers) => {
      // A newcomer that has its own share must not end the forward of another client.
      const leaving = takers.filter(isFull).map((taker) => slowest(taker));
      if (leaving.includes(undefined)) return places.size >= max ? BUSY : CLIENT_BUSY;
      for (const place of new Set(leaving)) place?.giveUp();
      if (places.size >= max) slowest()?.giveUp();
      if (places.size >= max) return BUSY;
      return takers.some(isFull) ? CLIENT_BUSY : undefined;
    },
    take: (takers, place) => {
      places.set(place, takers);
      for (const taker of takers) counts.set(taker, (counts.get(taker) ?? 0) + 1);
      return () => {
        if (!places.delete(place)) return;
        for (const taker of takers) {
          const left = (counts.get(taker) ?? 1) - 1;
          if (left === 0) counts.delete(taker);
          else counts.set(taker, left);
        }
      };
    },
  };
}

/** Below it a client has kept its forward waiting for a tenth of all the patience there is. */
const IN_USE = 0.9;

const BUSY = { code: 'ERR_FORWARD_BUSY', outcome: 'not-sent', proxyError: 'connection_limit_reached' } as const;
const CLIENT_BUSY = {
  code: 'ERR_FORWARD_CLIENT_BUSY',
  outcome: 'not-sent',
  proxyError: 'connection_limit_reached',
} as const;

/** A client by its address: of IPv6 by its network, as one client has all the addresses of a /64. */
export function addressTaker(address: string): string {
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

/** What {@link addressTaker} gives of loopback and private networks (RFC 1918, RFC 4193): nobody in the internet has it. */
export const PRIVATE: RegExp = /^(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01]))\.|^f[cd]|^0:0:0:0$/;
