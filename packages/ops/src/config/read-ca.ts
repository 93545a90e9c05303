import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { OpsError } from '../errors.ts';

/**
 * The issuers to trust. Undefined: the usual ones.
 *
 * @param directory where a relative path begins. The working directory by default.
 * @throws {OpsError} `ERR_OPS_CONFIG`: the file cannot be read.
 */
export async function readCa(file: string | undefined, directory = ''): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(resolve(directory, file), 'utf8');
  } catch (cause) {
    throw new OpsError('ERR_OPS_CONFIG', 'config: caFile cannot be read', { cause });
  }
}
