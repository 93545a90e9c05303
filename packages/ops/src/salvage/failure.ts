import { errorCode } from '@regionkit/core/kit';
import { unreachable } from '../postgres/ask.ts';
import type { Emit } from '../records/record.ts';
import { DecodeError } from './decode/parse-line.ts';

/** What a person reads of a salvage that could not be finished. Codes and our own words: a server's message may hold data. */
export interface Failure {
  readonly evidence: string;
  readonly fix: string;
}

const RIGHTS = 'Give the role its rights: REPLICATION (or superuser) for the slot, pg_read_all_data for the rows.';

const TOO_LONG: Failure = {
  evidence: 'A row is too long to be read: as text it needs 512 MB or more.',
  fix: 'Keep the old data directory. Read the slot in psql by pg_logical_slot_peek_changes(slot, NULL, NULL), with left(data, 1000).',
};

/** By the SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const BY_CODE: Readonly<Record<string, Failure>> = {
  '22021': {
    evidence: 'The database has a text that is no UTF-8 (22021), as only an SQL_ASCII database can.',
    fix: 'Keep the old data directory. Read the slot in psql with client_encoding = SQL_ASCII: SELECT * FROM pg_logical_slot_peek_changes(slot, NULL, NULL).',
  },
  '42501': { evidence: 'The role lacks a right (42501).', fix: RIGHTS },
  '53100': {
    evidence: 'A server has no room on its disk for the decoded changes (53100).',
    fix: 'Make room, or raise temp_file_limit: the server keeps the decoded changes in a temporary file while they are read.',
  },
  // Of the server, which makes no text of 1 GB; and of this program, whose longest text is shorter.
  '54000': TOO_LONG,
  ERR_STRING_TOO_LONG: TOO_LONG,
  '55006': { evidence: 'The slot is in use (55006).', fix: 'End the other reader of the slot.' },
};

const localDisk = (says: string, code: string): Failure => ({
  evidence: `The disk of this machine that has --out ${says} (${code}).`,
  fix: 'Make room there, or name a directory on another disk with --out. Nothing was changed, so salvage may simply run again.',
});

/** Of this machine, which sorts and writes in the directory beside `--out`. A server reports its own disk by a SQLSTATE. */
const LOCAL_DISK: Readonly<Record<string, Failure>> = {
  ENOSPC: localDisk('is full', 'ENOSPC'),
  EDQUOT: localDisk('has no room left for this user', 'EDQUOT'),
  EFBIG: localDisk('takes no file that long', 'EFBIG'),
  EROFS: localDisk('is read-only', 'EROFS'),
  EIO: localDisk('has failed', 'EIO'),
};

/** Undefined: the error is one of this program, and not of a server, a disk or the network. Pure. */
export function failureOf(error: unknown): Failure | undefined {
  const disk = LOCAL_DISK[errorCode(error) ?? ''];
  if (disk !== undefined) return disk;
  if (error instanceof DecodeError) {
    return {
      evidence: `${error.message}.`,
      fix: 'Report it, with the version of PostgreSQL and the place, and without data.',
    };
  }
  const { why, code } = unreachable(error);
  const isLost = error instanceof Error && /Connection terminated|not queryable/.test(error.message);
  if (code === undefined && !isLost && why === 'failed') return undefined;
  const known = code === undefined ? undefined : BY_CODE[code];
  if (known !== undefined) return known;
  return {
    evidence: `A statement or a connection failed (${code ?? why}).`,
    fix: 'Read the log of the server. Nothing was changed, so salvage may simply run again.',
  };
}

export function emitFailure(emit: Emit, where: string, { evidence, fix }: Failure): void {
  emit({ type: 'finding', id: 'salvage-failed', level: 'unknown', where, evidence, fix });
}
