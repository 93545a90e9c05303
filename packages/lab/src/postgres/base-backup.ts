import { constants } from 'node:fs';
import { chown, copyFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import type { Account } from '../process/account.ts';
import type { Console } from './console.ts';

/** Directories whose content a copy must not have, or need not (PostgreSQL: "Backing Up the Data Directory"). */
const EMPTIED = new Set([
  'pg_wal',
  'pg_replslot',
  'pg_dynshmem',
  'pg_notify',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
]);
const LEFT_OUT =
  /^(?:postmaster\.(?:pid|opts)|pg_internal\.init.*|backup_label.*|tablespace_map.*|standby\.signal|pgsql_tmp.*)$/;
/** Copied last: on a standby it says how far the copy must be replayed before it is consistent. */
const CONTROL_FILE = 'pg_control';

/**
 * Copies a running server's data directory into `targets` under one backup, as `pg_basebackup` would. Each starts as a
 * standby; the WAL it still needs comes by streaming.
 */
export async function baseBackup(
  source: { readonly console: Console; readonly dataDirectory: string },
  targets: readonly string[],
  account: Account | undefined,
): Promise<void> {
  await source.console.session(async (client) => {
    await client.query(`SELECT pg_backup_start('regionkit lab', fast => true)`);
    await Promise.all(targets.map((target) => copyTree(source.dataDirectory, target, account)));
    await Promise.all(
      targets.map((target) =>
        copyOne(join(source.dataDirectory, 'global', CONTROL_FILE), join(target, 'global', CONTROL_FILE), account),
      ),
    );
    const { rows } = await client.query<{ labelfile: string }>(
      'SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)',
    );
    for (const target of targets) {
      await writeOwned(join(target, 'backup_label'), rows[0]?.labelfile ?? '', account);
      await writeOwned(join(target, 'standby.signal'), '', account);
    }
  });
}

async function copyTree(from: string, to: string, account: Account | undefined): Promise<void> {
  await mkdir(to, { mode: 0o700, recursive: true });
  await own(to, account);
  const entries = await readdir(from, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      if (LEFT_OUT.test(entry.name) || entry.name === CONTROL_FILE) return;
      if (entry.isSymbolicLink()) {
        throw new LabError('ERR_LAB_STATE', 'a tablespace outside the data directory cannot be copied: drop it first');
      }
      if (EMPTIED.has(entry.name)) {
        await mkdir(target, { mode: 0o700 });
        await own(target, account);
      } else if (entry.isDirectory()) await copyTree(source, target, account);
      else await copyOne(source, target, account);
    }),
  );
}

async function copyOne(from: string, to: string, account: Account | undefined): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch (error) {
    // A table dropped meanwhile: replay knows.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await own(to, account);
}

/** Writes a file that the server's user can read, and nobody else. */
export async function writeOwned(path: string, content: string, account: Account | undefined): Promise<void> {
  await writeFile(path, content, { mode: 0o600 });
  await own(path, account);
}

async function own(path: string, account: Account | undefined): Promise<void> {
  if (account !== undefined) await chown(path, account.uid >>> 0, account.gid >>> 0);
}
