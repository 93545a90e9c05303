/** A bounded map that forgets entries without recent use. */
export interface RecentCache<V> {
  get(key: string): V | undefined;
  set(key: string, value: V): void;
  delete(key: string): void;
  /** Removes every entry for which `keep` returns false. */
  sweep(keep: (value: V) => boolean): void;
  readonly size: number;
}

/**
 * Uses two generations instead of a list in order of use: a hit in the young one costs one lookup and moves nothing.
 * When the young one is full, it becomes the old one, and the entries of the former old one are forgotten.
 *
 * @param max the largest number of entries; 0 keeps none
 */
export function createRecentCache<V>(max: number): RecentCache<V> {
  const youngMax = Math.ceil(max / 2);
  let young = new Map<string, V>();
  let old = new Map<string, V>();

  const insert = (key: string, value: V): void => {
    young.set(key, value);
    if (young.size >= youngMax) {
      // The old generation may use the space that the young one leaves. Together they never exceed `max`.
      old = young;
      young = new Map();
    }
  };

  return {
    get: (key) => {
      if (max === 0) return undefined;
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
