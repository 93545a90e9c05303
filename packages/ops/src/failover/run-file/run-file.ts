import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '@regionkit/core/kit';
import { OpsError } from '../../errors.ts';
import type { Evidence, RunLine, StepState } from './line.ts';
import { parseRun } from './parse.ts';
import { unusableDirectory } from './unusable-directory.ts';
import { UnwrittenLine } from './unwritten-line.ts';

/** The journal of one failover, append-only. Each line is on the disk before `append` resolves. */
export interface RunFile extends AsyncDisposable {
  readonly id: string;
  readonly lines: readonly RunLine[];
  /** Whether its last line was cut in the middle of a write, and was left out. */
  readonly cut: boolean;
  /** @throws {UnwrittenLine} the line is not certain to be on the disk. Then every further line is refused, too */
  append(step: string, state: StepState, evidence: Evidence): Promise<void>;
  /** Removes the file: nothing was done. */
  discard(): Promise<void>;
}

const SUFFIX_LENGTH = 4;
const ID = /^\d{8}-\d{6}-[0-9a-f]{4}$/;

/** Sorts by time: `20261130-044510-3f2a`. */
export function newRunId(nowMs: number): string {
  const digits = new Date(nowMs).toISOString().replace(/\D/g, '');
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}-${randomBytes(2).toString('hex')}`;
}

export async function createRunFile(directory: string, id: string): Promise<RunFile> {
  let file: FileHandle;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    file = await open(pathOf(directory, id), 'wx', 0o600);
    await syncDirectory(directory);
  } catch (cause) {
    throw unusableDirectory(cause, directory, '--runs');
  }
  return runFile(file, { id, directory, lines: [], cut: false, bytes: 0 });
}

/** Opens the run `id` to go on with it, or the last one. A half line at its end is cut off. */
export async function openRunFile(directory: string, id: string | undefined): Promise<RunFile> {
  const chosen = id ?? (await lastRun(directory));
  const path = pathOf(directory, chosen);
  let file: FileHandle;
  try {
    file = await open(path, 'r+');
  } catch (cause) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      `the run ${chosen} cannot be opened in the directory of runs (--runs): ${errorCode(cause) ?? 'no code'}`,
      { cause },
    );
  }
  try {
    const { lines, wholeBytes, cut } = parseRun(await readFile(path));
    if (cut) {
      await file.truncate(wholeBytes);
      await file.sync();
    }
    await file.close();
    file = await open(path, 'a');
    return runFile(file, { id: chosen, directory, lines: [...lines], cut, bytes: wholeBytes });
  } catch (error) {
    await file.close();
    throw error;
  }
}

interface Opened {
  readonly id: string;
  readonly directory: string;
  readonly lines: RunLine[];
  readonly cut: boolean;
  /** Of its whole lines. */
  readonly bytes: number;
}

function runFile(file: FileHandle, { id, directory, lines, cut, bytes }: Opened): RunFile {
  let wholeBytes = bytes;
  let failed: UnwrittenLine | undefined;
  return {
    id,
    lines,
    cut,
    async append(step, state, evidence) {
      // After half a line it would be no line of its own.
      if (failed !== undefined) throw failed;
      const line: RunLine = { step, state, atMs: Date.now(), evidence };
      const text = `${JSON.stringify(line)}\n`;
      try {
        await file.appendFile(text);
        await file.sync();
      } catch (cause) {
        failed = new UnwrittenLine(step, state, { id, directory, lines }, cause);
        // What it announces is not done: a later command must not read that it was begun.
        await file.truncate(wholeBytes).catch(() => {});
        throw failed;
      }
      wholeBytes += Buffer.byteLength(text);
      lines.push(line);
    },
    async discard() {
      await rm(pathOf(directory, id), { force: true });
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}

async function lastRun(directory: string): Promise<string> {
  const names = await readdir(directory).catch(() => [] as string[]);
  const ids = names.flatMap((name) => (name.endsWith('.ndjson') ? [name.slice(0, -'.ndjson'.length)] : []));
  const sorted = ids.filter((id) => ID.test(id)).sort();
  // A script that confirms and then runs begins two in one second. Then the one that was written last is meant.
  const second = sorted.at(-1)?.slice(0, -SUFFIX_LENGTH) ?? '';
  const dated = await Promise.all(
    sorted
      .filter((id) => id.startsWith(second))
      .map(async (id) => ({ id, writtenMs: (await stat(pathOf(directory, id))).mtimeMs })),
  );
  const last = dated.toSorted((a, b) => a.writtenMs - b.writtenMs).at(-1)?.id;
  // A minute for the clock of another machine that shares the directory.
  if (last !== undefined && last > newRunId(Date.now() + 60_000)) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      `the run ${last} has a name of a time that has not come, because a clock was changed: which one is the last is not known. Name it (--run)`,
    );
  }
  if (last === undefined) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      'there is no run in the directory of runs (--runs); begin with failover confirm',
    );
  }
  return last;
}

function pathOf(directory: string, id: string): string {
  if (!ID.test(id)) throw new OpsError('ERR_OPS_USAGE', '--run must be the name of a run: 20261130-044510-3f2a');
  return join(directory, `${id}.ndjson`);
}

/** The name of a new file is on the disk only when its directory is. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync().catch(() => {});
  await handle.close();
}
