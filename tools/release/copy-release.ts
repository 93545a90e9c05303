import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../consumers/packed.ts';
import { nextVersion } from './next-version.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly publishConfig?: { readonly access: string; readonly provenance?: boolean };
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
}

export interface ReleaseCopy {
  readonly version: string;
  /** The folders of the packages. */
  readonly folders: readonly string[];
}

export const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/**
 * Copies the workspace as far as it is published to `into`, and gives it the versions and changelogs that changesets makes
 * of it now: what the next release will be. The repository stays as it is.
 *
 * @throws {Error} a package is not built, or a version comes out that no changeset asks for
 */
export function copyRelease(into: string): ReleaseCopy {
  const tracked = execFileSync(
    'git',
    ['ls-files', '-z', '--', '*package.json', 'pnpm-workspace.yaml', 'LICENSE', '.changeset', 'packages'],
    { cwd: ROOT, encoding: 'utf8' },
  );
  for (const file of tracked.split('\0').filter((name) => name !== '' && existsSync(join(ROOT, name)))) {
    mkdirSync(dirname(join(into, file)), { recursive: true });
    cpSync(join(ROOT, file), join(into, file));
  }
  // Changesets and its changelog are found from the copy.
  symlinkSync(join(ROOT, 'node_modules'), join(into, 'node_modules'));
  const names = readdirSync(join(into, 'packages'));
  const folders = names.map((name) => join(into, 'packages', name));
  for (const name of names) {
    const dist = join('packages', name, 'dist');
    if (!existsSync(join(ROOT, dist))) throw new Error(`${dist} is not there: run \`npx -y pnpm@10 build\` first`);
    cpSync(join(ROOT, dist), join(into, dist), { recursive: true });
  }

  const wanted = nextVersion(manifestIn(join(ROOT, 'packages/core')).version, changesetsIn(join(into, '.changeset')));
  run(process.execPath, [join(ROOT, 'node_modules/@changesets/cli/bin.js'), 'version'], into);
  for (const folder of folders) {
    const { name, version } = manifestIn(folder);
    if (version !== wanted)
      throw new Error(`changesets makes ${name} ${version}, and the changesets ask for ${wanted}`);
    linkSiblings(folder, into);
  }
  return { version: wanted, folders };
}

const changesetsIn = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.md'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));

/** pnpm reads the version of a sibling, for `workspace:*`, where it would be installed. */
function linkSiblings(folder: string, root: string): void {
  const { dependencies = {}, devDependencies = {} } = manifestIn(folder);
  for (const [name, range] of Object.entries({ ...devDependencies, ...dependencies })) {
    if (!range.startsWith('workspace:')) continue;
    const link = join(folder, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'packages', name.replace('@regionkit/', '')), link);
  }
}
