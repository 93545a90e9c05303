import type { MemoryBackup, MemoryDb } from './pg-mem.ts';

/** The data of one node. */
export interface MemoryCopy {
  /** Its own state. Undefined: it has what the database of pg-mem has. */
  kept: MemoryBackup | undefined;
  /** While one of its transactions writes: the state before, which the others see. */
  committed: MemoryBackup | undefined;
}

/**
 * Keeps the data of every node in one database of pg-mem. At rest that database has the data of the leading node, so a
 * test may also use it directly. A backup costs almost nothing, because pg-mem shares what has not changed.
 */
export interface MemoryStore {
  /** Runs `fn` on what a session of this node sees. `isWriter`: the session is the one whose transaction writes. */
  run<T>(copy: MemoryCopy, isWriter: boolean, fn: () => T): T;
  begin(copy: MemoryCopy): void;
  commit(copy: MemoryCopy): void;
  rollback(copy: MemoryCopy): void;
  /** Returns the state inside an open transaction, for a savepoint. */
  save(copy: MemoryCopy): MemoryBackup;
  back(copy: MemoryCopy, to: MemoryBackup): void;
  /** From now on the node keeps what it has. */
  detach(copy: MemoryCopy): void;
  /** The node leads: the others follow it, except the old leader and those that were detached. */
  lead(copy: MemoryCopy): void;
}

export function createMemoryStore(db: MemoryDb, first: MemoryCopy): MemoryStore {
  let leader = first;

  const restore = (state: MemoryBackup): void => {
    try {
      state.restore();
    } catch {
      // pg-mem cannot go back to before a change of the schema. The newest data stays.
    }
  };
  const seenBy = (copy: MemoryCopy, isWriter: boolean): MemoryBackup | undefined => {
    const own = copy === leader || copy.kept !== undefined ? copy : leader;
    return isWriter ? own.kept : (own.committed ?? own.kept);
  };
  const set = (copy: MemoryCopy, state: MemoryBackup): void => {
    if (copy === leader) restore(state);
    else copy.kept = state;
  };

  return {
    run: (copy, isWriter, fn) => {
      const seen = seenBy(copy, isWriter);
      if (seen === undefined) return fn();
      const rest = db.backup();
      restore(seen);
      try {
        return fn();
      } finally {
        if (isWriter) copy.kept = db.backup();
        restore(rest);
      }
    },
    begin: (copy) => {
      copy.committed = copy.kept ?? db.backup();
    },
    commit: (copy) => {
      copy.committed = undefined;
    },
    rollback: (copy) => {
      if (copy.committed !== undefined) set(copy, copy.committed);
      copy.committed = undefined;
    },
    save: (copy) => copy.kept ?? db.backup(),
    back: set,
    detach: (copy) => {
      if (copy !== leader) copy.kept = seenBy(copy, false) ?? db.backup();
    },
    lead: (copy) => {
      if (copy === leader) return;
      const state = seenBy(copy, false);
      leader.kept = db.backup();
      if (state !== undefined) restore(state);
      copy.kept = undefined;
      leader = copy;
    },
  };
}
