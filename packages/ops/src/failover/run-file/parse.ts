import { OpsError } from '../../errors.ts';
import { type RunLine, readLine } from './line.ts';

export interface ParsedRun {
  readonly lines: readonly RunLine[];
  /** So much of the file is whole lines. What stands after it was cut in the middle of a write. */
  readonly wholeBytes: number;
  readonly cut: boolean;
}

/**
 * Reads a run file. A last line without its end was cut while it was written: it is left out.
 *
 * @throws {OpsError} `ERR_OPS_USAGE`: another line is not one of a run file
 */
export function parseRun(content: Buffer): ParsedRun {
  const wholeBytes = content.lastIndexOf(0x0a) + 1;
  const texts = content.subarray(0, wholeBytes).toString('utf8').split('\n').slice(0, -1);
  const lines = texts.map((text, at) => {
    const line = readLine(text);
    if (line === undefined) {
      throw new OpsError(
        'ERR_OPS_USAGE',
        `the run file is damaged: line ${at + 1} is not one of a run. Nothing was done now. Keep the file, look at the servers (regionkit status), and begin a new run`,
      );
    }
    return line;
  });
  return { lines, wholeBytes, cut: wholeBytes < content.length };
}
