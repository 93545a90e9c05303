import type { OperationEntry } from '../history/entries.ts';
import { isRead } from '../history/kinds.ts';
import { misses, showsRegister } from './contents.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/** Whoever returns both tokens never reads backwards: what it has once read it goes on reading, unless it was lost. */
export function checkMonotonicReads(history: History): readonly Violation[] {
  if (!history.run.deployment.monotonicReads) return [];
  const violations: Violation[] = [];
  for (const operations of history.byClient.values()) {
    const seen = new Map<
      string,
      Map<string, { readonly id: string; readonly version?: number; readonly by: string }>
    >();
    for (const read of operations) {
      if (read.carries !== 'both' || read.outcome !== 'ok' || !isRead(read.kind)) continue;
      const before = seen.get(read.key) ?? new Map();
      seen.set(read.key, before);
      const lacks = [...before.values()].find((shown) => misses(history, read, shown));
      if (lacks !== undefined) {
        violations.push({
          rule: 'monotonic-reads',
          operations: [lacks.id, lacks.by, read.id],
          says: `${read.client} had read ${lacks.id} of ${read.key}, and then ${showsRegister(read)} without it in ${read.region}`,
        });
      }
      for (const shown of shownBy(read)) {
        if (!history.survives(shown.id)) continue;
        // Of a register only the last matters.
        if (read.kind === 'get' && !isNewer(shown, before)) continue;
        if (read.kind === 'get') before.clear();
        before.set(shown.id, { ...shown, by: read.id });
      }
    }
  }
  return violations;
}

function shownBy(read: OperationEntry): readonly { readonly id: string; readonly version?: number }[] {
  if (read.kind === 'list') return (read.entries ?? []).map((id) => ({ id }));
  if (read.value === undefined) return [];
  return [{ id: read.value, ...(read.version !== undefined && { version: read.version }) }];
}

function isNewer(
  shown: { readonly version?: number },
  before: ReadonlyMap<string, { readonly version?: number }>,
): boolean {
  return [...before.values()].every(({ version = 0 }) => (shown.version ?? 0) > version);
}
