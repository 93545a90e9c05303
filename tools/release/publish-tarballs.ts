import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Manifest } from './copy-release.ts';
import { publishPlan, type Tarball } from './publish-plan.ts';

export interface PublishTarballsOptions {
  /** Where the tarballs are. Nothing else in it is read. */
  readonly folder: string;
  /** The packages of the workspace: the tarballs must be these. */
  readonly expected: readonly Manifest[];
  /** The address of the registry, with a slash at its end. */
  readonly registry: string;
  /** Further options of `npm publish`. */
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

const MANIFEST = 'package/package.json';

/**
 * Publishes the tarballs of a folder. It can be run again: what is there already is left out, and before anything is
 * published it is compared with the tarball.
 *
 * @returns the names of the packages that were published now
 * @throws {Error} see {@link publishPlan}; a tarball has two manifests; the registry does not answer; `npm publish` failed
 */
export async function publishTarballs({
  folder,
  expected,
  registry,
  options = [],
  env = {},
}: PublishTarballsOptions): Promise<readonly string[]> {
  const tarballs = readdirSync(folder)
    .filter((name) => name.endsWith('.tgz'))
    .map((name) => tarballOf(resolve(folder, name)));
  const published = new Map<string, string>();
  for (const { manifest } of tarballs) {
    const integrity = await integrityOf(registry, manifest);
    if (integrity !== undefined) published.set(manifest.name, integrity);
  }
  const left = publishPlan(tarballs, expected, published);
  for (const [index, { file, manifest }] of left.entries()) {
    // A scope may have a registry of its own, which npm follows before `--registry`.
    const where = ['--registry', registry, `--@regionkit:registry=${registry}`];
    const fault = await npmFault(['publish', file, '--ignore-scripts', ...where, ...options], env);
    if (fault === undefined) continue;
    throw new Error(
      `${fault}\n${manifest.name} was not published, or the answer was lost. Before it, ${published.size + index} of ` +
        `${tarballs.length} packages were there. Publish the same tarballs again: what is there is left out.`,
    );
  }
  return left.map(({ manifest }) => manifest.name);
}

/** @throws {Error} npm would find another `package.json` in it than we do: it ignores the name of the first folder */
function tarballOf(file: string): Tarball {
  const paths = execFileSync('tar', ['-tzf', file], { encoding: 'utf8' }).split('\n').slice(0, -1);
  const isPlain = paths.every((path) => /^package\/(?:(?!\.{1,2}(?:\/|$))[^/]+(?:\/|$))*$/.test(path));
  if (!isPlain || paths.filter((path) => path === MANIFEST).length !== 1)
    throw new Error(`${file} is no tarball as npm packs it: all paths must be in package/, with one ${MANIFEST}.`);
  const manifest = JSON.parse(execFileSync('tar', ['-xzOf', file, MANIFEST], { encoding: 'utf8' })) as Manifest;
  return { file, manifest, integrity: `sha512-${createHash('sha512').update(readFileSync(file)).digest('base64')}` };
}

/**
 * What npm says if it fails. It runs where the script was started, and not in the folder of the tarballs: there it would
 * read an `.npmrc` that came with them.
 */
async function npmFault(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string | undefined> {
  const npm = spawn('npm', args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  npm.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = (await once(npm, 'close')) as [number | null];
  return code === 0 ? undefined : said.trim();
}

/** Of this version on the registry, or `undefined` where it has none. */
async function integrityOf(registry: string, { name, version }: Manifest): Promise<string | undefined> {
  const response = await fetch(new URL(name.replace('/', '%2f'), registry), {
    headers: { accept: 'application/vnd.npm.install-v1+json', 'cache-control': 'no-cache' },
    signal: AbortSignal.timeout(60_000),
  });
  if (response.status === 404) return undefined;
  if (!response.ok) throw new Error(`The registry answers ${response.status} for ${name}. Nothing was published now.`);
  const { versions } = (await response.json()) as {
    versions: Readonly<Record<string, { readonly dist: { readonly integrity: string } }>>;
  };
  return versions[version]?.dist.integrity;
}
