import type { Dirent } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import { copyOwned, copyTree, writeOwned } from '../files/copy-tree.ts';
import type { Account } from '../process/account.ts';
import type { Console } from './console.ts';

/**
 * Directories whose content a copy must not, or need not, contain
 * (https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP-DATA).
 */
const EMPTIED: ReadonlySet<string> = new Set([
  'pg_dynshmem',
  'pg_notify',
  'pg_replslot',
  'pg_serial',
  'pg_snapshots',
  'pg_stat_tmp',
  'pg_subtrans',
  'pg_wal',
]);
const LEFT_OUT =
  /^(?:postmaster\.(?:pid|opts)|pg_internal\.init.*|backup_label.*|tablespace_map.*|standby\.signal|pgsql_tmp.*)$/;
/** Copied last: on a standby it contains how far the copy must be replayed to be consistent. */
const CONTROL_FILE = 'pg_control';

const choose = ({ name }: Dirent): 'copy' | 'empty' | 'skip' => {
  if (EMPTIED.has(name)) return 'empty';
  return name === CONTROL_FILE || LEFT_OUT.test(name) ? 'skip' : 'copy';
};

/**
 * Copies the data directory of a running server into `targets`, in one backup, as `pg_basebackup` does. Each copy
 * starts as a standby and streams the missing WAL.
 */
export async function baseBackup(
  source: { readonly console: Console; readonly dataDirectory: string },
  targets: readonly string[],
  account: Account | undefined,
): Promise<void> {
  await source.console.session(async (client) => {
    const { rows: elsewhere } = await client.query(
      "SELECT FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global')",
    );
    if (elsewhere.length > 0) {
      throw new LabError('ERR_LAB_STATE', 'a server with tablespaces of its own cannot be copied: drop them first');
    }
    await client.query(`SELECT pg_backup_start('regionkit lab', fast => true)`);
    await Promise.all(targets.map((target) => copyTree(source.dataDirectory, target, { account, choose })));
    const control = (directory: string): string => join(directory, 'global', CONTROL_FILE);
    await Promise.all(targets.map((target) => copyOwned(control(source.dataDirectory), control(target), account)));
    const { rows } = await client.query<{ labelfile: string }>(
      'SELECT labelfile FROM pg_backup_stop(wait_for_archive => false)',
    );
    for (const target of targets) {
      await writeOwned(join(target, 'backup_label'), rows[0]?.labelfile ?? '', account);
      await writeOwned(join(target, 'standby.signal'), '', account);
    }
  });
}
