import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

const MAX_BYTES = 64 * 1_024;

/** Returns the last `lines` lines of a log after `fromByte`, from its last 64 KiB. Empty if there is none. */
export function logTail(file: string, lines: number, fromByte = 0): string {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return '';
  }
  try {
    const { size } = fstatSync(fd);
    const length = Math.max(0, Math.min(size - fromByte, MAX_BYTES));
    const bytes = Buffer.alloc(length);
    const read = readSync(fd, bytes, 0, length, size - length);
    return bytes.toString('utf8', 0, read).trimEnd().split('\n').slice(-lines).join('\n');
  } finally {
    closeSync(fd);
  }
}

/** Returns the length of the log. */
export function logSize(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
