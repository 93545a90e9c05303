import { accessSync, constants, statfsSync } from 'node:fs';
import { freemem } from 'node:os';

const MEMORY = '/dev/shm';
/** The type of tmpfs in `statfs` (https://man7.org/linux/man-pages/man2/statfs.2.html). */
const TMPFS = 0x01021994;
const GIB = 2 ** 30;

/** What is known of the file system in memory, and of memory itself. */
export interface Room {
  readonly isTmpfs: boolean;
  readonly freeBytes: number;
  readonly availableBytes: number;
}

/** Whether test regions fit into memory: all that run at one time stay below 2 GiB. */
export function fitsInMemory({ isTmpfs, freeBytes, availableBytes }: Room): boolean {
  return isTmpfs && freeBytes >= 4 * GIB && availableBytes >= 8 * GIB;
}

/**
 * The directory for the temporary files of tests: `TMPDIR` if it is set, else memory if there is plenty, else the usual
 * one. A region is some thousand small files that live for seconds, and making and removing them costs a disk more than
 * PostgreSQL needs to run.
 */
export function scratchDirectory(): { readonly TMPDIR?: string } {
  if (process.env['TMPDIR'] !== undefined || process.platform !== 'linux') return {};
  try {
    accessSync(MEMORY, constants.W_OK);
    const { type, bavail, bsize } = statfsSync(MEMORY);
    const room = { isTmpfs: type === TMPFS, freeBytes: bavail * bsize, availableBytes: available() };
    return fitsInMemory(room) ? { TMPDIR: MEMORY } : {};
  } catch {
    return {};
  }
}

/** A container may have less than the machine. */
function available(): number {
  const limit = process.constrainedMemory();
  return Math.min(freemem(), limit > 0 ? limit : Number.POSITIVE_INFINITY);
}
