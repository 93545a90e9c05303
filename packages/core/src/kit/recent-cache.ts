/** A bounded map that forgets what was not asked for recently. */
export interface RecentCache<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  /** Drops every entry that `keep` does not want. */
  sweep(keep: (value: V) => boolean): void;
  readonly size: number;
}

/**
 * Two generations instead of a list in order of use: a hit in the young one costs one lookup and moves nothing. When
 * the young one is full it becomes the old one, and the old one, unused since, is forgotten.
 *
 * @param max the most entries it ever holds; 0 holds none
 */
export function createRecentCache<V>(max: number): RecentCache<V> {
  const youngMax = Math.ceil(max / 2);
  let young = new Map<string, V>();
  let old = new Map<string, V>();

  const insert = (key: string, value: V): void => {
    young.set(key, value);
    if (young.size >= youngMax) {
      // The old generation may fill what the young one leaves: together never more than `max`.
      old = young;
      young = new Map();
    }
  };

  return {
    get: (key) => {
      const recent = young.get(key);
      if (recent !== undefined) return recent;
      const found = old.get(key);
      if (found !== undefined) {
        old.delete(key);
        insert(key, found);
      }
      return found;
    },
    set: (key, value) => {
      if (max === 0) return;
      old.delete(key);
      insert(key, value);
    },
    delete: (key) => {
      young.delete(key);
      old.delete(key);
    },
    sweep: (keep) => {
      for (const generation of [young, old]) {
        for (const [key, value] of generation) if (!keep(value)) generation.delete(key);
      }
    },
    get size() {
      return young.size + old.size;
    },
  };
}
