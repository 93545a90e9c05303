import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { APPS, run, writeJson } from '../packed.ts';
import { COMPILER_OPTIONS } from './compilers.ts';

/**
 * Compiles an app of `apps` with strict settings in the folder in which its packages are, and drives it in two regions.
 *
 * @param all the folder in which the driver was compiled, with the lab
 * @param more compiler options that the app needs
 * @returns what the driver says
 */
export function driveApp(app: string, folder: string, all: string, more: object = {}): string {
  cpSync(join(APPS, app), folder, { recursive: true });
  writeJson(join(folder, 'tsconfig.json'), {
    compilerOptions: {
      ...COMPILER_OPTIONS,
      module: 'nodenext',
      ...more,
    },
    include: ['server.ts'],
  });
  run(process.execPath, [join(all, 'node_modules/typescript/bin/tsc'), '-p', '.'], folder);
  const driver = join('esm/dist', 'drive-one-package.js');
  return run(process.execPath, [driver, join(folder, 'server.js'), folder], all).trim();
}
