import type { OperationEntry } from '../history/entries.ts';
import { isRead } from '../history/kinds.ts';
import { misses, showsRegister } from './contents.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/** What a client was shown once, and by which read. */
interface Shown {
  readonly id: string;
  readonly version?: number;
  readonly by: string;
}

/** A client that returns both tokens never reads backwards: it reads again what it has read, until that is lost. */
export function checkMonotonicReads(history: History): readonly Violation[] {
  if (!history.run.deployment.monotonicReads) return [];
  const violations: Violation[] = [];
  for (const operations of history.byClient.values()) {
    const seen = new Map<string, Map<string, Shown>>();
    for (const read of operations) {
      if (read.carries !== 'both' || read.outcome !== 'ok' || !isRead(read.kind)) continue;
      const before = seen.get(read.key) ?? new Map<string, Shown>();
      seen.set(read.key, before);
      const lacks = [...before.values()].find(
        (shown) => misses(history, read, shown) && !history.wasLostBy(shown.id, read.endMs),
      );
      if (lacks !== undefined) {
        violations.push({
          rule: 'monotonic-reads',
          operations: [lacks.id, lacks.by, read.id],
          says: `${read.client} had read ${lacks.id} of ${read.key}, and then ${showsRegister(read)} without it in ${read.region}`,
        });
      }
      for (const shown of shownBy(read)) if (!before.has(shown.id)) before.set(shown.id, shown);
    }
  }
  return violations;
}

function shownBy(read: OperationEntry): readonly Shown[] {
  if (read.kind === 'list') return (read.entries ?? []).map((id) => ({ id, by: read.id }));
  if (read.value === undefined) return [];
  return [{ id: read.value, by: read.id, ...(read.version !== undefined && { version: read.version }) }];
}
