import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { access, constants, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unusableDirectory } from './unusable-directory.ts';

interface Holder {
  readonly pid: number;
  /** When that process was started, as its kernel says it. A number of a process is used again. */
  readonly started: string | undefined;
}

/** `by` is the process that holds it already, or undefined: then it is held until it is disposed of. */
export interface RunsLock extends AsyncDisposable {
  readonly by: number | undefined;
}

const TRIES = 6;
const MAX_WAIT_MS = 100;

/**
 * Lets one command at a time work in a directory. Each puts a claim of its own there, then looks for others: so no
 * claim is ever taken from anyone but a process that is gone. Two that meet both step back, and try again.
 *
 * @param option names the directory on the command line
 * @throws {OpsError} `ERR_OPS_USAGE`: the directory cannot be made or written
 */
export async function lockRuns(directory: string, option: '--runs' | '--out' = '--runs'): Promise<RunsLock> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusableDirectory(cause, directory, option);
  }
  const name = `lock.${randomUUID()}`;
  const path = join(directory, name);
  const release = (): Promise<void> => rm(path, { force: true });
  for (let attempt = 1; ; attempt += 1) {
    try {
      await claim(path);
    } catch (cause) {
      throw unusableDirectory(cause, directory, option);
    }
    const by = await otherHolder(directory, name);
    if (by === undefined) return { by, [Symbol.asyncDispose]: release };
    await release();
    if (attempt === TRIES) return { by, [Symbol.asyncDispose]: async () => {} };
    await sleep(Math.random() * MAX_WAIT_MS);
  }
}

/** Under another name first: a claim is never seen half written. */
async function claim(path: string): Promise<void> {
  const unseen = `${path}.new`;
  try {
    await writeFile(unseen, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }), { mode: 0o600 });
    await rename(unseen, path);
  } catch (error) {
    await rm(unseen, { force: true });
    throw error;
  }
}

/** The process of another claim. Claims of processes that are gone are removed. */
async function otherHolder(directory: string, own: string): Promise<number | undefined> {
  for (const name of await readdir(directory)) {
    if (name === own || !/^lock\.[0-9a-f-]{36}$/.test(name)) continue;
    const text = await readFile(join(directory, name), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const holder = readHolder(text);
    if (holder !== undefined && isAlive(holder)) return holder.pid;
    await rm(join(directory, name), { force: true });
  }
  return undefined;
}

function readHolder(text: string): Holder | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Holder;
    return Number.isInteger(pid) && pid > 0 ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
  return started === undefined || startOf(pid) === started;
}

/** Linux alone tells it without another program. Undefined elsewhere. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in brackets, may contain anything. The 20th field after it is the start.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
