/** Rows and the WAL have 32 bits of a transaction number: they begin again after so many. */
export const WRAP: bigint = 1n << 32n;

/** A transaction number with 32 bits, as rows and the WAL have it, with its epoch: it is one of the last 2³² before `next`. */
export function fullXid(xid: string, next: bigint): bigint {
  const whole = (next / WRAP) * WRAP + BigInt(xid);
  return whole >= next && whole >= WRAP ? whole - WRAP : whole;
}

/** In SQL: how far the number `xid` is from the next one, as a parameter with 32 bits. Numbers begin again after 2³². */
export const distanceSql = (next: string): string =>
  `((xid::text::bigint - ${next}::bigint) % ${WRAP} + ${WRAP}) % ${WRAP}`;

/** The transaction number at such a distance, with its epoch. */
export const atDistance = (distance: bigint, next: bigint): bigint =>
  fullXid(((distance + next) % WRAP).toString(), next);

/** The first transaction number that the new primary gave away itself, as far as it is known. */
export interface FirstXid {
  /** Every number below it is of the history that both have. 0: not known, so every row may have been written since. */
  readonly low: bigint;
  /** Every number from it on is of the new primary alone, or of the old one alone. */
  readonly high: bigint;
  /** Lower numbers of transactions that were prepared before the fork, and that the new primary alone has committed after it. */
  readonly committedLater?: XidSet;
  /** Numbers between the two that are of the history that both have. */
  readonly shared?: XidSet;
  /**
   * Numbers between the two that are committed on both servers, perhaps as two different transactions. The other numbers between the
   * two that are in `shared` neither are of the new primary alone. Undefined: the status was not asked.
   */
  readonly doubtful?: XidSet;
}

/** When a row with this `xmin` on the new primary was written. */
export function sideOf(xmin: string, first: FirstXid, next: bigint): 'before' | 'after' | 'doubtful' {
  const xid = fullXid(xmin, next);
  if (xid >= first.high || first.committedLater?.has(xid) === true) return 'after';
  if (xid < first.low || first.shared?.has(xid) === true) return 'before';
  return first.doubtful === undefined || first.doubtful.has(xid) ? 'doubtful' : 'after';
}

/** Whether a row with this `xmin` on the new primary may have been written after the fork. Doubtful ones count. */
export const isAfterFork = (xmin: string, first: FirstXid, next: bigint): boolean =>
  sideOf(xmin, first, next) !== 'before';

const PAGE = 8_192n;

/** A set of transaction numbers: one bit each, so that millions of them need little memory. */
export class XidSet {
  readonly #pages = new Map<bigint, Uint8Array>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(xid: bigint): void {
    const page = this.#pages.get(xid / PAGE) ?? new Uint8Array(Number(PAGE / 8n));
    this.#pages.set(xid / PAGE, page);
    const bit = Number(xid % PAGE);
    const byte = page[bit >> 3] as number;
    if ((byte & (1 << (bit & 7))) !== 0) return;
    page[bit >> 3] = byte | (1 << (bit & 7));
    this.#size += 1;
  }

  has(xid: bigint): boolean {
    const bit = Number(xid % PAGE);
    const byte = this.#pages.get(xid / PAGE)?.[bit >> 3] ?? 0;
    return (byte & (1 << (bit & 7))) !== 0;
  }

  *[Symbol.iterator](): Generator<bigint> {
    for (const page of [...this.#pages.keys()].sort((a, b) => (a < b ? -1 : 1))) {
      for (let at = 0n; at < PAGE; at += 1n) if (this.has(page * PAGE + at)) yield page * PAGE + at;
    }
  }
}
