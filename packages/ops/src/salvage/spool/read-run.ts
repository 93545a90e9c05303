import type { FileHandle } from 'node:fs/promises';
import type { Sorted } from './sorted.ts';

/** A part of the file whose lines are in order. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

const LINE_BREAK = 0x0a;

/** The lines of a run. It reads at positions of its own, so that several readers may share the file. */
export async function* readRun<T>(
  file: FileHandle,
  { start, end }: Run,
  chunkBytes: number,
): AsyncGenerator<Sorted<T>> {
  let rest: Buffer[] = [];
  for (let position = start; position < end; ) {
    const chunk = Buffer.allocUnsafe(Math.min(chunkBytes, end - position));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) throw new Error('a temporary file has lost its end');
    position += bytesRead;
    let from = 0;
    for (;;) {
      const at = chunk.indexOf(LINE_BREAK, from);
      if (at === -1 || at >= bytesRead) break;
      yield readEntry<T>(Buffer.concat([...rest, chunk.subarray(from, at)]).toString());
      rest = [];
      from = at + 1;
    }
    rest.push(chunk.subarray(from, bytesRead));
  }
}

function readEntry<T>(line: string): Sorted<T> {
  const tab = line.indexOf('\t');
  return { key: JSON.parse(line.slice(0, tab)) as string, value: JSON.parse(line.slice(tab + 1)) as T };
}
