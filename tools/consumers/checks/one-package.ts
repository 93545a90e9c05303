import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { install, type PackedPackage, pinned, tell } from '../packed.ts';
import { checkHelp } from './command-line.ts';
import { driveApp } from './drive-app.ts';

/**
 * `npm install regionkit pg express`, and nothing else of ours: it brings what it needs. Its types compile, the app of the
 * README runs in two regions, and `npx regionkit` is there.
 *
 * @param all the folder in which the driver was compiled, with the lab
 */
export function checkOnePackage(parent: string, packages: readonly PackedPackage[], all: string): void {
  const folder = join(parent, 'one-package');
  const tarballs = Object.fromEntries(packages.map(({ name, tarball }) => [name, tarball]));
  const { regionkit = '', ...others } = tarballs;
  const wanted = { regionkit, pg: pinned('pg'), express: pinned('express') };
  // No registry has the others yet: this is where npm finds what `regionkit` asks for.
  install(folder, wanted, others);
  const ours = readdirSync(join(folder, 'node_modules/@regionkit')).filter((name) => name === 'lab');
  if (ours.length > 0) throw new Error('regionkit brings the lab, which is for tests');
  const modules = join(folder, 'node_modules');
  tell(`one package: ${installedIn(modules)}`);

  checkHelp(folder);
  install(
    folder,
    { ...wanted, '@types/node': pinned('@types/node'), '@types/express': pinned('@types/express') },
    others,
  );
  tell(`one package: ${driveApp('one-package', folder, all)}`);
}

/** How many packages and bytes. */
function installedIn(modules: string): string {
  const files = readdirSync(modules, { recursive: true, encoding: 'utf8', withFileTypes: true });
  const bytes = files
    .filter((file) => file.isFile())
    .reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0);
  const packages = readdirSync(modules).flatMap((name) =>
    name.startsWith('@') ? readdirSync(join(modules, name)) : name.startsWith('.') ? [] : [name],
  );
  return `npm install brings ${packages.length} packages, ${(bytes / 1e6).toFixed(1)} MB, with pg and Express`;
}
