import { constants, type Dirent } from 'node:fs';
import { chown, copyFile, lchown, mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Account } from '../process/account.ts';

export interface CopyTreeOptions {
  /** The owner of the copy. */
  readonly account: Account | undefined;
  /** What to do with an entry. `empty` makes a directory without its content. */
  readonly choose: (entry: Dirent) => 'copy' | 'empty' | 'skip';
}

/** Copies a directory that may change meanwhile. A file that disappears is no error. Links are copied as links. */
export async function copyTree(from: string, to: string, options: CopyTreeOptions): Promise<void> {
  const { account, choose } = options;
  await makeOwned(to, account);
  await Promise.all(
    (await readdir(from, { withFileTypes: true })).map(async (entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      const choice = choose(entry);
      if (choice === 'skip') return;
      if (choice === 'empty') await makeOwned(target, account);
      else if (entry.isDirectory()) await copyTree(source, target, options);
      else if (entry.isSymbolicLink()) {
        await symlink(await readlink(source), target);
        if (account !== undefined) await lchown(target, account.uid, account.gid);
      } else await copyOwned(source, target, account);
    }),
  );
}

/** Copies one file, if it still exists. */
export async function copyOwned(from: string, to: string, account: Account | undefined): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await own(to, account);
}

/** Writes a file that only the user of the server can read. */
export async function writeOwned(path: string, content: string, account: Account | undefined): Promise<void> {
  await writeFile(path, content, { mode: 0o600 });
  await own(path, account);
}

/** Makes a directory that only the user of the server can enter. */
export async function makeOwned(path: string, account: Account | undefined): Promise<void> {
  await mkdir(path, { mode: 0o700 });
  await own(path, account);
}

async function own(path: string, account: Account | undefined): Promise<void> {
  if (account !== undefined) await chown(path, account.uid, account.gid);
}
