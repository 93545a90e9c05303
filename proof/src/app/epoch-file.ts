import { readFile, rename, writeFile } from 'node:fs/promises';
import type { EpochStore } from '@regionkit/db-router';

/** Keeps the epoch in a file, replaced whole. */
export function createEpochFile(path: string): EpochStore {
  return {
    load: async () => {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    save: async (value) => {
      // Another process of the region may save at the same time.
      const fresh = `${path}.${process.pid}`;
      await writeFile(fresh, value);
      await rename(fresh, path);
    },
  };
}
