import type { Net } from './net.ts';
import type { Verdict } from './verdict.ts';

/**
 * Rows whose key was changed. The keys that one row had belong together: its changes are repeated for all of them, or
 * for none.
 */
export interface Moves {
  /** A row left one key for another. */
  add(left: string, arrived: string): void;
  /** The row had another key, and nothing identifies it there: none of its changes is repeated. */
  holdBack(rowId: string): void;
  /** Takes what was found for one key. Every key must be judged before `verdictOf` is asked. `net`: undefined if all of it was truncated. */
  judge(rowId: string, verdict: Verdict, net: Net | undefined): void;
  /** Forgets what was found, for another round. */
  forget(): void;
  /** What holds for a row in the end. */
  verdictOf(rowId: string, verdict: Verdict): Verdict;
  /** Whether the row had several keys. */
  has(rowId: string): boolean;
  /** Whether the row had several keys, and its changes are to be repeated. */
  isRepeated(rowId: string): boolean;
}

interface Lineage {
  isStuck: boolean;
  /** Something of it is on the new primary already. */
  isSettled: boolean;
  isMissing: boolean;
}

export function createMoves(): Moves {
  const parents = new Map<string, string>();
  const lineages = new Map<string, Lineage>();
  const held = new Set<string>();
  const rootOf = (id: string): string => {
    let root = id;
    for (let next = parents.get(root); next !== undefined && next !== root; next = parents.get(root)) root = next;
    // The way is shortened, so that a long chain of keys is not walked again.
    for (let at = id; at !== root; ) {
      const next = parents.get(at) as string;
      parents.set(at, root);
      at = next;
    }
    return root;
  };
  return {
    add(left, arrived) {
      for (const id of [left, arrived]) if (!parents.has(id)) parents.set(id, id);
      parents.set(rootOf(left), rootOf(arrived));
    },
    holdBack(rowId) {
      held.add(rowId);
      if (!parents.has(rowId)) parents.set(rowId, rowId);
    },
    judge(rowId, verdict, net) {
      if (!parents.has(rowId)) return;
      const root = rootOf(rowId);
      const lineage = lineages.get(root) ?? { isStuck: false, isSettled: false, isMissing: false };
      lineages.set(root, lineage);
      const isPassing = verdict.class === 'already-absent' && net?.first === 'INSERT';
      // A TRUNCATE is decided by hand, and may be of one of two partitions alone.
      const isByHand = verdict.class === 'conflict' || verdict.class === 'truncate' || held.has(rowId);
      if (isByHand) lineage.isStuck = true;
      else if (verdict.class === 'identical' || (verdict.class === 'already-absent' && !isPassing))
        lineage.isSettled = true;
      else if (!isPassing) lineage.isMissing = true;
    },
    forget: () => lineages.clear(),
    verdictOf(rowId, verdict) {
      const lineage = parents.has(rowId) ? lineages.get(rootOf(rowId)) : undefined;
      if (lineage === undefined || verdict.class === 'conflict' || verdict.class === 'truncate') return verdict;
      if (lineage.isStuck) return { class: 'conflict', why: 'another key that this row had is to be decided by hand' };
      if (lineage.isSettled && lineage.isMissing) {
        return { class: 'conflict', why: 'the new primary has another key of this row' };
      }
      return verdict;
    },
    has: (rowId) => parents.has(rowId),
    isRepeated(rowId) {
      const lineage = parents.has(rowId) ? lineages.get(rootOf(rowId)) : undefined;
      return lineage?.isMissing === true && !lineage.isStuck && !lineage.isSettled;
    },
  };
}
