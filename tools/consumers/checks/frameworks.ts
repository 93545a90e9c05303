import { run, tell } from '../packed.ts';

/** The app of each framework runs over real PostgreSQL, as an ES module and as CommonJS; see `apps/frameworks/drive.ts`. */
export function checkFrameworks(folder: string): void {
  for (const system of ['esm', 'cjs']) {
    tell(`run: ${system}: ${run(process.execPath, [`${system}/dist/drive.js`], folder).trim()}`);
  }
}
