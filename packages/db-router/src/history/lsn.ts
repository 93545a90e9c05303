const LSN = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/;
const PAGE_BYTES = 8192n;
const SHORT_HEADER_BYTES = 24n;
const LONG_HEADER_BYTES = 40n;

/**
 * Parses a log sequence number of PostgreSQL (`16/B374D848`) as one number. Undefined for anything else. See
 * https://www.postgresql.org/docs/current/datatype-pg-lsn.html.
 */
export function parseLsn(text: string): bigint | undefined {
  const match = LSN.exec(text);
  return match === null ? undefined : (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`);
}

/** The inverse of {@link parseLsn}. */
export function formatLsn(lsn: bigint): string {
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

/**
 * Rounds an insert position down to one that a standby can reach. At the start of a page or segment the insert position
 * lies after a header without a record. On an idle primary no standby replays up to it.
 */
export function normaliseInsertLsn(lsn: bigint, segmentBytes: number): bigint {
  if (lsn % BigInt(segmentBytes) === LONG_HEADER_BYTES) return lsn - LONG_HEADER_BYTES;
  if (lsn % PAGE_BYTES === SHORT_HEADER_BYTES) return lsn - SHORT_HEADER_BYTES;
  return lsn;
}
