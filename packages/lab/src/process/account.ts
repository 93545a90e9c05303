import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { LabError } from '../errors.ts';

const run = promisify(execFile);

/** The user that runs the servers if we are root, because PostgreSQL refuses to run as root. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const CANDIDATES = ['postgres', '_postgres', 'nobody'];

/** Undefined if the servers run as the current user. `initdb` looks up the name, so a number is not enough. */
export async function serverAccount(): Promise<Account | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  for (const name of CANDIDATES) {
    try {
      const [uid, gid] = await Promise.all(
        ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)),
      );
      // A negative number (nobody on macOS), as the kernel stores it.
      if (uid && gid !== undefined) return { name, uid: uid >>> 0, gid: gid >>> 0 };
    } catch {
      // No such user. Try the next one.
    }
  }
  throw new LabError(
    'ERR_LAB_ACCOUNT',
    'PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody" to run it as: run as an ordinary user',
  );
}

/** The part of an account that `spawn` and `execFile` take. */
export function as(account: Account | undefined): { uid?: number; gid?: number } {
  // `spawn` takes them as signed numbers.
  return account === undefined ? {} : { uid: account.uid | 0, gid: account.gid | 0 };
}
