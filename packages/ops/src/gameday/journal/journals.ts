import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OpsError } from '../../errors.ts';
import { type ParsedJournal, parseJournal } from './parse-journal.ts';

/** No journal of a drill is nearly as long. */
const MAX_BYTES = 16 * 1_024 ** 2;

/** @throws {OpsError} `ERR_OPS_USAGE`: it cannot be read, or is no journal. */
export async function readJournal(path: string): Promise<ParsedJournal> {
  let content: string;
  try {
    if ((await stat(path)).size > MAX_BYTES) throw Object.assign(new Error('too long'), { code: 'TOO_LONG' });
    content = await readFile(path, 'utf8');
  } catch (cause) {
    const { code = 'no code' } = cause as NodeJS.ErrnoException;
    throw new OpsError('ERR_OPS_USAGE', `the journal cannot be read (${code})`, { cause });
  }
  const parsed = parseJournal(content);
  if (parsed === undefined) throw new OpsError('ERR_OPS_USAGE', 'the file is not a journal of gameday, or is damaged');
  return parsed;
}

/** The paths of the journals in a directory, the oldest first. @throws {OpsError} `ERR_OPS_USAGE`: there are none. */
export async function journalsIn(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch(() => [] as string[]);
  const journals = names.filter((name) => name.endsWith('.ndjson')).sort();
  if (journals.length === 0) {
    throw new OpsError('ERR_OPS_USAGE', 'there is no journal in the directory (--out); begin with gameday run');
  }
  return journals.map((name) => join(directory, name));
}
