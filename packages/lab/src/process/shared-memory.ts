import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * The System V shared memory segment that protects a data directory from a second postmaster. A killed postmaster
 * cannot free it.
 */
export interface Segment {
  readonly id: string;
  readonly creator: string;
}

/** Read it while `postmaster.pid` still exists: its 7th line contains the key and the id. */
export function segmentOf(dataDirectory: string): Segment | undefined {
  try {
    const lines = readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
    const id = lines[6]?.trim().split(/\s+/)[1];
    return id === undefined || lines[0] === undefined ? undefined : { id, creator: lines[0] };
  } catch {
    return undefined;
  }
}

/**
 * Removes the segment of a postmaster that is certainly dead. If the system can tell, only if the segment belongs to
 * it.
 */
export async function removeSegment({ id, creator }: Segment): Promise<void> {
  try {
    if (process.platform === 'linux') {
      const rows = readFileSync('/proc/sysvipc/shm', 'latin1').split('\n');
      const row = rows.map((line) => line.trim().split(/\s+/)).find(([, shmid]) => shmid === id);
      const [, , , , cpid, , attached] = row ?? [];
      if (cpid !== creator || attached !== '0') return;
    }
    await run('ipcrm', ['-m', id]);
  } catch {
    // It has 56 bytes, and the next start of that directory or of the machine removes it.
  }
}
