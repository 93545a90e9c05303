import { readFile, rename, writeFile } from 'node:fs/promises';
import type { EpochStore } from '@regionkit/db-router';
import { EpochStoreError } from '@regionkit/db-router/epoch-stores';

/** Keeps the epoch of all regions in a file, replaced whole, and only if it still is what was loaded. */
export function createEpochFile(path: string): EpochStore {
  const load = async (): Promise<string | undefined> => {
    try {
      return await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  };
  return {
    load,
    save: async (value, before) => {
      // Another process may save at the same time.
      const fresh = `${path}.${process.pid}`;
      await writeFile(fresh, value);
      if ((await load()) !== before) throw new EpochStoreError('the file of the proof', 'conflict');
      await rename(fresh, path);
    },
  };
}
