import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Entry } from './entries.ts';

/** Takes entries as they come, in memory and on disk, so that a run that is cut short leaves what it saw. */
export interface HistoryWriter {
  readonly entries: readonly Entry[];
  add(entry: Entry): void;
  /** Resolves when all is on disk. */
  close(): Promise<void>;
}

/** @param path undefined keeps the history in memory alone */
export function createHistory(path: string | undefined): HistoryWriter {
  const entries: Entry[] = [];
  if (path !== undefined) mkdirSync(dirname(path), { recursive: true });
  const stream = path === undefined ? undefined : createWriteStream(path);
  return {
    entries,
    add: (entry) => {
      entries.push(entry);
      stream?.write(`${JSON.stringify(entry)}\n`);
    },
    close: () => new Promise((done) => (stream === undefined ? done() : stream.end(() => done()))),
  };
}

/** @throws {SyntaxError} a line is no JSON. */
export function readHistory(path: string): Entry[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry);
}
