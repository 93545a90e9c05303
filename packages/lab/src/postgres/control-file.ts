import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const SHUTDOWNED = 1;
const SHUTDOWNED_IN_RECOVERY = 2;

/**
 * The position of the checkpoint of a clean shutdown, which is the last WAL record of the server. Undefined after
 * another shutdown. Reads the head of `pg_control` (system identifier, two versions, state, time, checkpoint),
 * unchanged since version 9.3.
 */
export function shutdownPosition(dataDirectory: string): bigint | undefined {
  const bytes = readFileSync(join(dataDirectory, 'global', 'pg_control'));
  const little = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  const state = little ? bytes.readUInt32LE(16) : bytes.readUInt32BE(16);
  if (state !== SHUTDOWNED && state !== SHUTDOWNED_IN_RECOVERY) return undefined;
  return little ? bytes.readBigUInt64LE(32) : bytes.readBigUInt64BE(32);
}

/** Formats a position as PostgreSQL does: `16/B374D848`. */
export function formatLsn(position: bigint): string {
  return `${(position >> 32n).toString(16)}/${(position & 0xffffffffn).toString(16)}`.toUpperCase();
}
