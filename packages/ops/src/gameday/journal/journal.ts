import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { OpsError } from '../../errors.ts';
import type { OpsRecord } from '../../records/record.ts';

/** The records of one drill in a file of their own, one a line. They are only ever appended. */
export interface Journal {
  readonly path: string;
  add(record: OpsRecord): void;
  /** Resolves when everything is on the disk. */
  close(): Promise<void>;
}

/** @throws {OpsError} `ERR_OPS_USAGE`: the file cannot be made. */
export async function openJournal(directory: string, id: string): Promise<Journal> {
  const path = join(directory, `${id}.ndjson`);
  let file: FileHandle;
  try {
    await mkdir(directory, { recursive: true });
    file = await open(path, 'ax');
  } catch (cause) {
    const { code = 'no code' } = cause as NodeJS.ErrnoException;
    throw new OpsError('ERR_OPS_USAGE', `--out: the journal cannot be written (${code})`, { cause });
  }
  let written: Promise<unknown> = Promise.resolve();
  return {
    path,
    add: (record) => {
      if (record.type === 'progress') return;
      written = written.then(() => file.appendFile(`${JSON.stringify(record)}\n`));
      // `close` reports the failure.
      written.catch(() => {});
    },
    close: async () => {
      try {
        await written;
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}
