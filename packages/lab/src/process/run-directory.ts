import { chmodSync, lstatSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { LabError } from '../errors.ts';
import { endPostgres } from './end.ts';
import { identityOf } from './find.ts';

const PREFIX = 'regionkit-lab-';
const RUN = /^regionkit-lab-[A-Za-z0-9]+$/;
const OWNER = 'owner.json';

/**
 * Makes the directory of one lab, with the identity of its process in it. It gets its final name only when this
 * identity is written, so a sweep never sees a half-made one.
 */
export function makeRunDirectory(parent: string): string {
  try {
    const made = mkdtempSync(join(parent, `.${PREFIX}`));
    writeFileSync(join(made, OWNER), JSON.stringify(identityOf(process.pid) ?? null));
    // The servers may run as another user. That user may pass through, but not read the directory.
    chmodSync(made, 0o711);
    const directory = join(parent, basename(made).slice(1));
    renameSync(made, directory);
    return directory;
  } catch (cause) {
    throw new LabError(
      'ERR_LAB_DIRECTORY',
      `cannot make a directory in ${parent} (${(cause as NodeJS.ErrnoException).code}): set TMPDIR, or the option "directory", to one that can be written`,
      { cause },
    );
  }
}

/**
 * Ends and removes labs that earlier processes of this user left in `parent`, if these processes have certainly ended.
 * Returns their number. A directory that cannot be removed is skipped.
 */
export async function sweep(parent: string): Promise<number> {
  const names = await readdir(parent).catch(() => []);
  const abandoned = names.filter((name) => RUN.test(name) && isAbandoned(join(parent, name)));
  const removals = await Promise.allSettled(abandoned.map((name) => removeRun(join(parent, name))));
  return removals.filter(({ status }) => status === 'fulfilled').length;
}

function isAbandoned(directory: string): boolean {
  try {
    const stat = lstatSync(directory);
    if (!stat.isDirectory() || stat.uid !== process.geteuid?.()) return false;
    const owner = JSON.parse(readFileSync(join(directory, OWNER), 'utf8')) as NonNullable<
      ReturnType<typeof identityOf>
    >;
    // In another container the same number belongs to another process, so nothing is known about it.
    if (owner.world !== identityOf(process.pid)?.world) return false;
    return identityOf(owner.pid)?.started !== owner.started;
  } catch {
    return false;
  }
}

/** Ends the servers of a run and removes its directory. Two processes may do this at the same time. */
export async function removeRun(directory: string): Promise<void> {
  await endPostgres(`${basename(directory)}/`);
  await rm(directory, { recursive: true, force: true, maxRetries: 5 });
}
