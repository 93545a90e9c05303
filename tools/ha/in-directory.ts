import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The file that every command of regionkit looks for. */
export const CONFIG = 'regionkit.config.json';

/** Does `work` in a new directory with this configuration. */
export async function inDirectory<T>(config: object, work: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), 'regionkit-ha-'));
  try {
    writeFileSync(join(directory, CONFIG), JSON.stringify(config));
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}
