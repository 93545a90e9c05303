import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkHelp, mustEnd } from '../consumers/checks/command-line.ts';
import { pinned, run, tell, writeJson } from '../consumers/packed.ts';
import { copyRelease, manifestIn, type ReleaseCopy } from './copy-release.ts';
import { publishHalfDone } from './publish-half-done.ts';
import { type Registry, startRegistry } from './registry.ts';
import { tarballFaults } from './tarball-faults.ts';
import { tenLinesOf } from './ten-lines.ts';
import { runInTwoRegions } from './two-regions.ts';

/**
 * Releases to a registry on this machine what would be released now, and installs it from there as a user would:
 *
 *     npx -y pnpm@10 build && npx -y pnpm@10 release-check
 *
 * Nothing leaves the machine, and the repository stays as it is.
 */
const PNPM = process.env['npm_execpath'] ?? '';
const MINUTES = 8;
const folder = mkdtempSync(join(tmpdir(), 'regionkit-release-'));
let registry: Registry | undefined;
const began = performance.now();
const tellStep = (line: string): void =>
  tell(`${`${((performance.now() - began) / 1000).toFixed(0)} s`.padStart(6)}  ${line}`);

const cleanUp = async (): Promise<void> => {
  await registry?.close();
  rmSync(folder, { recursive: true, force: true });
};
const stop = (reason: string) => async (): Promise<void> => {
  process.stderr.write(`release: ${reason}\n`);
  await cleanUp();
  process.exit(1);
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop(signal));
setTimeout(stop(`not done in ${MINUTES} minutes`), MINUTES * 60_000).unref();

try {
  const copy = join(folder, 'workspace');
  mkdirSync(copy);
  const release = copyRelease(copy);
  tellStep(`changesets make version ${release.version} of ${release.folders.length} packages`);
  for (const packageFolder of release.folders) dropProvenance(packageFolder);
  const tarballs = join(folder, 'tarballs');
  const [, ...words] = packScript().split(' ');
  run(process.execPath, [PNPM, ...words, tarballs], copy);
  tellStep(checkTarballs(tarballs, join(folder, 'unpacked')));

  registry = await startRegistry(join(folder, 'registry'));
  tellStep(await publishHalfDone(registry, { folder: tarballs, expected: release.folders.map(manifestIn) }, folder));
  // npm reads these settings and not those of the user: it finds no other registry there, and no token.
  const settings = join(folder, 'npmrc');
  writeFileSync(settings, registry.settingsFor(registry.url));
  const here = { NPM_CONFIG_USERCONFIG: settings, NPM_CONFIG_UPDATE_NOTIFIER: 'false' };
  const registryHere = ['--registry', registry.url];

  const app = join(folder, 'app');
  mkdirSync(app);
  writeJson(join(app, 'package.json'), { private: true, type: 'module' });
  const wanted = ['regionkit', `pg@${pinned('pg')}`, `express@${pinned('express')}`];
  run(
    'npm',
    ['install', '--no-audit', '--no-fund', '--cache', join(folder, 'cache'), ...registryHere, ...wanted],
    app,
    here,
  );
  tellStep(`npm install regionkit pg express: ${installed(app, release)}`);

  checkHelp(app);
  mustEnd(app, ['doctor', '--help'], 0, 'Usage: regionkit doctor');
  tellStep('npx regionkit --help, npx regionkit doctor --help');

  const readme = readFileSync(fileURLToPath(new URL('../../README.md', import.meta.url)), 'utf8');
  writeFileSync(join(app, 'app.js'), tenLinesOf(readme));
  tellStep(`the app of the README: ${await runInTwoRegions(app, 'app.js')}`);
} catch (error) {
  const { stdout, message } = error as Error & { stdout?: string };
  process.stderr.write(`release: ${stdout || message}\n`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}

/** Provenance needs the identity of a workflow on GitHub. An npm before 11 cannot be told by an option to leave it out. */
function dropProvenance(packageFolder: string): void {
  const { publishConfig, ...manifest } = manifestIn(packageFolder);
  if (publishConfig?.provenance !== true) throw new Error(`${manifest.name} is published without provenance`);
  writeJson(join(packageFolder, 'package.json'), { ...manifest, publishConfig: { access: publishConfig.access } });
}

/** What the workflow runs. */
function packScript(): string {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: { tarballs: string } };
  return scripts.tarballs;
}

/** Looks into each tarball. */
function checkTarballs(tarballs: string, scratch: string): string {
  let files = 0;
  const names = readdirSync(tarballs);
  const faults = names.flatMap((tarball) => {
    const into = join(scratch, tarball);
    mkdirSync(into, { recursive: true });
    execFileSync('tar', ['-xzf', join(tarballs, tarball), '-C', into]);
    const unpacked = join(into, 'package');
    const packed = readdirSync(unpacked, { recursive: true, encoding: 'utf8', withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path: path.slice(unpacked.length + 1), content: readFileSync(path, 'utf8') }));
    files += packed.length;
    const manifest = manifestIn(unpacked);
    return tarballFaults(manifest, packed).map((fault) => `${manifest.name}: ${fault}`);
  });
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return `${files} files in ${names.length} tarballs: each with README and LICENSE, its entry points, no test and no path of a machine`;
}

/** @throws {Error} another version came, or a package that is only for tests */
function installed(app: string, { version, folders }: ReleaseCopy): string {
  const scope = join(app, 'node_modules/@regionkit');
  const ours = [join(app, 'node_modules/regionkit'), ...readdirSync(scope).map((name) => join(scope, name))].map(
    manifestIn,
  );
  const wrong = ours.filter((one) => one.version !== version || one.name === '@regionkit/lab');
  if (wrong.length > 0)
    throw new Error(`npm installed ${wrong.map(({ name, version: got }) => `${name} ${got}`).join(', ')}`);
  return `${ours.length} of our ${folders.length} packages, all ${version}`;
}
