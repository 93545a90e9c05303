import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { APPS, run } from '../packed.ts';

/**
 * Runs an app of notes, as the examples are, in two regions.
 *
 * @param all the folder that has the lab
 * @param args what Node is called with in the app's folder
 * @param env more than this process has in its environment
 * @returns what the driver says
 */
export function driveNotes(
  folder: string,
  all: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  cpSync(join(APPS, 'notes'), join(all, 'notes'), { recursive: true });
  return run(process.execPath, ['notes/drive.mjs', folder, ...args], all, env).trim();
}
