import type { OperationEntry } from '../history/entries.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/**
 * What a read shows was written, to that key and as it is shown; a list shows it once, and what one client was acknowledged
 * in its order.
 */
export function checkShown(history: History): readonly Violation[] {
  return history.operations.flatMap((read) => {
    if (read.kind === 'get') return judgeRegister(history, read);
    return read.kind === 'list' && read.entries !== undefined ? judgeList(history, read, read.entries) : [];
  });
}

function judgeRegister(history: History, read: OperationEntry): readonly Violation[] {
  const { value, version } = read;
  if (value === undefined) return [];
  const operations = [value, read.id];
  if (!wasWritten(history, value, read.key))
    return [{ rule: 'phantom', operations, says: `${read.key} shows ${value}, which no client set` }];
  const made = history.rowsOf(value)[0]?.version;
  if (made === version) return [];
  const says = `${read.key} shows ${value} as version ${version}, and it was set as version ${made}`;
  return [{ rule: 'phantom', operations, says }];
}

/** Asked for, and done: what is in no data directory was shown before it was certain. */
function wasWritten(history: History, id: string, key: string): boolean {
  return history.byId.get(id)?.key === key && history.rowsOf(id).length > 0;
}

function judgeList(history: History, read: OperationEntry, entries: readonly string[]): readonly Violation[] {
  const violations: Violation[] = [];
  const found = new Set<string>();
  const last = new Map<string, OperationEntry>();
  for (const id of entries) {
    const append = history.byId.get(id);
    if (append === undefined || !wasWritten(history, id, read.key)) {
      violations.push({
        rule: 'phantom',
        operations: [id, read.id],
        says: `${read.key} shows ${id}, which no client appended`,
      });
      continue;
    }
    if (found.has(id)) {
      violations.push({ rule: 'duplicate', operations: [id, read.id], says: `${read.key} shows ${id} more than once` });
    }
    found.add(id);
    const before = last.get(append.client);
    if (before !== undefined && append.outcome === 'ok' && append.endMs < before.startMs) {
      violations.push({
        rule: 'reordered',
        operations: [append.id, before.id, read.id],
        says: `${read.key} shows ${before.id} before ${append.id}, which had been acknowledged before the other began`,
      });
    }
    last.set(append.client, append);
  }
  return violations;
}
