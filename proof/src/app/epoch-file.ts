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
      await writeFile(`${path}.new`, value);
      await rename(`${path}.new`, path);
    },
  };
}
