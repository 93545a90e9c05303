import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mergeRuns } from './merge-runs.ts';
import { type Run, readRun } from './read-run.ts';
import type { Sorted } from './sorted.ts';

/** Sorts more than fits into memory: parts of it are sorted in memory and written to a file, then merged. */
export interface Sorter<T> extends AsyncDisposable {
  /** Keys must differ. They are compared by their UTF-16 code units. */
  add(key: string, value: T): Promise<void>;
  /** What was added, by key. It may be read several times, also at the same time. Nothing can be added after the first. */
  sorted(): Promise<AsyncIterable<Sorted<T>>>;
}

export interface SorterOptions {
  /** Where the file is made. It has no name there: it vanishes with the process, also when this is killed. */
  readonly directory: string;
  /** So many characters are sorted in memory. @default 2_000_000 */
  readonly runLength?: number;
}

/** All runs together are read with so much memory. */
const READ_BYTES = 8 * 1_024 ** 2;
const [MIN_READ_BYTES, MAX_READ_BYTES] = [4_096, 65_536];

export async function createSorter<T>({ directory, runLength = 2_000_000 }: SorterOptions): Promise<Sorter<T>> {
  const path = join(directory, `spool-${randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  await rm(path);
  const runs: Run[] = [];
  let end = 0;
  let buffered: { readonly key: string; readonly line: string }[] = [];
  let length = 0;

  const writeRun = async (): Promise<void> => {
    if (buffered.length === 0) return;
    buffered.sort(({ key: a }, { key: b }) => (a < b ? -1 : a > b ? 1 : 0));
    const start = end;
    for (let from = 0; from < buffered.length; from += 1_000) {
      const lines = buffered.slice(from, from + 1_000).map(({ line }) => line);
      const bytes = Buffer.from(lines.join(''));
      // Not `write` alone: a disk that gets full takes a part, and calls that a success.
      await file.appendFile(bytes);
      end += bytes.length;
    }
    runs.push({ start, end });
    buffered = [];
    length = 0;
  };

  return {
    async add(key, value) {
      // Neither text contains a line break or a tab: JSON escapes both.
      const line = `${JSON.stringify(key)}\t${JSON.stringify(value)}\n`;
      buffered.push({ key, line });
      length += line.length;
      if (length > runLength) await writeRun();
    },
    async sorted() {
      await writeRun();
      const share = Math.floor(READ_BYTES / Math.max(1, runs.length));
      const chunkBytes = Math.min(MAX_READ_BYTES, Math.max(MIN_READ_BYTES, share));
      return mergeRuns(runs.map((run) => readRun<T>(file, run, chunkBytes)));
    },
    [Symbol.asyncDispose]: () => file.close(),
  };
}
