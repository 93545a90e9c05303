import type { OperationEntry } from '../history/entries.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/** What a list shows was asked for, once each, and in the order in which one client was acknowledged. */
export function checkLists(history: History): readonly Violation[] {
  return history.operations.flatMap((read) =>
    read.kind === 'list' && read.entries !== undefined ? judge(history, read, read.entries) : [],
  );
}

function judge(history: History, read: OperationEntry, entries: readonly string[]): readonly Violation[] {
  const violations: Violation[] = [];
  const found = new Set<string>();
  const last = new Map<string, OperationEntry>();
  for (const id of entries) {
    const append = history.byId.get(id);
    if (append === undefined || append.key !== read.key) {
      violations.push({
        rule: 'phantom',
        operations: [id, read.id],
        says: `${read.key} shows ${id}, which nobody appended`,
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
