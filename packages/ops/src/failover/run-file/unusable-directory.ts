import { errorCode } from '@regionkit/core/kit';
import { OpsError } from '../../errors.ts';

/** `option` names the directory on the command line. Nothing is done that cannot be recorded: this is thrown before anything was done. */
export function unusableDirectory(cause: unknown, directory: string, option: '--runs' | '--out'): OpsError {
  const code = errorCode(cause) ?? 'no code';
  const copy = option === '--runs' ? '; a run that was begun needs a copy of its file there' : '';
  return new OpsError(
    'ERR_OPS_USAGE',
    `${option}: the directory ${directory} cannot be written (${code}). Nothing was done. Make room on its disk and let this user write there, or name another directory with ${option}${copy}`,
    { cause },
  );
}
