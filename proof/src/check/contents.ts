import type { OperationEntry } from '../history/entries.ts';
import type { History } from './index-history.ts';

/**
 * Whether what a read shows lacks an earlier write of the same key. A register's versions count how often it was set in
 * one history, so a lower one lacks it, and so does the same one with another value; a value that lasts was not set upon
 * one that was lost; a value out of an abandoned history lacks whatever was written only after that history had been left.
 */
export function misses(
  history: History,
  read: OperationEntry,
  write: { readonly id: string; readonly version?: number },
): boolean {
  if (read.kind === 'list') return read.entries?.includes(write.id) !== true;
  const version = write.version ?? history.rowsOf(write.id)[0]?.version ?? 0;
  if ((read.version ?? 0) < version) return true;
  if (read.value === undefined || read.value === write.id) return false;
  if (read.version === version) return true;
  if (history.survives(read.value)) return !history.survives(write.id);
  if (!history.survives(write.id)) return false;
  const shown = history.rowsOf(read.value)[0];
  const made = history.rowsOf(write.id)[0];
  return shown !== undefined && made !== undefined && made.timeline > shown.timeline;
}

/** For messages. */
export function showsRegister(read: OperationEntry): string {
  if (read.kind === 'list') return `read a list of ${read.entries?.length ?? 0}`;
  return read.value === undefined ? 'read nothing' : `read version ${read.version} (${read.value})`;
}
