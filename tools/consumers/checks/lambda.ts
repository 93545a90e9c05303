import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import { APPS, install, type PackedPackage, pinned, ROOT, tell } from '../packed.ts';
import { driveNotes } from './drive-notes.ts';

/** A bundle that is an ES module has no `require` for the parts of it that were CommonJS, such as `pg`. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * The function of `examples/lambda` as it is deployed: bundled to one file, once as CommonJS and once as an ES module, from a
 * folder with `regionkit`, `pg` and Hono alone.
 *
 * @param all the folder that has the lab
 */
export function checkLambda(parent: string, packages: readonly PackedPackage[], all: string): void {
  const folder = join(parent, 'lambda');
  const { regionkit = '', ...others } = Object.fromEntries(packages.map(({ name, tarball }) => [name, tarball]));
  install(folder, { regionkit, pg: pinned('pg'), hono: pinned('hono') }, others);
  cpSync(join(ROOT, 'examples/lambda/src/handler.ts'), join(folder, 'handler.ts'));
  cpSync(join(APPS, 'lambda'), folder, { recursive: true });
  bundle(folder, { format: 'cjs', outfile: 'handler.cjs' });
  bundle(folder, { format: 'esm', outfile: 'handler.mjs', banner: { js: REQUIRE } });
  tell(`Lambda, bundled: ${driveNotes(folder, all, ['api.mjs'])}`);
}

/** A warning is a fault as well: it says of a part that it will not work in a bundle. */
function bundle(folder: string, options: BuildOptions): void {
  const { warnings } = buildSync({
    absWorkingDir: folder,
    entryPoints: ['handler.ts'],
    bundle: true,
    platform: 'node',
    target: 'node20',
    ...options,
  });
  const [warning] = warnings;
  if (warning !== undefined)
    throw new Error(`esbuild, ${options.outfile}: ${warning.text} in ${warning.location?.file}`);
}
