import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The System V segment with which a postmaster guards its data directory. One that is killed cannot give it back. */
export interface Segment {
  readonly id: string;
  readonly creator: string;
}

/** Read it while `postmaster.pid` is still there: its 7th line holds the key and the id. */
export function segmentOf(dataDirectory: string): Segment | undefined {
  try {
    const lines = readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
    const id = lines[6]?.trim().split(/\s+/)[1];
    return id === undefined || lines[0] === undefined ? undefined : { id, creator: lines[0] };
  } catch {
    return undefined;
  }
}

/** Removes the segment of a postmaster that is certainly dead; where the system can tell, only if it is its own. */
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
    // It is 56 bytes, and gone with the next start of that directory or of the machine.
  }
}
