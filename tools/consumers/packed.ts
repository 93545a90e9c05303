import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const APPS = join(ROOT, 'tools/consumers/apps');
/** The pnpm that runs this script. */
const PNPM = process.env['npm_execpath'] ?? '';

export interface PackedPackage {
  readonly name: string;
  /** `file:` and the tarball, as a dependency is written. */
  readonly tarball: string;
  /** What can be imported: `@regionkit/db-router`, `@regionkit/db-router/http`. */
  readonly entries: readonly string[];
  readonly optionalPeers: readonly string[];
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

const json = <T>(...path: readonly string[]): T => JSON.parse(readFileSync(join(ROOT, ...path), 'utf8')) as T;

/** Every package as a tarball in `folder`, as it will be published. */
export function packAll(folder: string): readonly PackedPackage[] {
  return readdirSync(join(ROOT, 'packages')).map((directory) => {
    run(process.execPath, [PNPM, 'pack', '--pack-destination', folder], join(ROOT, 'packages', directory));
    const { name, version, exports, peerDependenciesMeta = {} } = json<Manifest>('packages', directory, 'package.json');
    return {
      name,
      tarball: `file:${join(folder, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`)}`,
      entries: Object.keys(exports)
        .filter((key) => key !== './package.json')
        .map((key) => name + key.slice(1)),
      optionalPeers: Object.keys(peerDependenciesMeta).filter((peer) => peerDependenciesMeta[peer]?.optional === true),
    };
  });
}

/** The version the workspace tests with. */
export function pinned(name: string): string {
  const pin = json<{ devDependencies: Readonly<Record<string, string>> }>('package.json').devDependencies[name];
  if (pin !== undefined && pin !== 'catalog:') return pin;
  const catalog = readFileSync(join(ROOT, 'pnpm-workspace.yaml'), 'utf8');
  const found = new RegExp(`^  ["']?${name}["']?: (.+)$`, 'm').exec(catalog)?.[1];
  if (found === undefined) throw new Error(`the workspace pins no version of ${name}`);
  return found;
}

/**
 * Makes a folder of a user: its manifest, and what it depends on, installed.
 *
 * @param overrides where npm finds a package that others depend on
 */
export function install(
  folder: string,
  dependencies: Readonly<Record<string, string>>,
  overrides: Readonly<Record<string, string>> = {},
): void {
  mkdirSync(folder, { recursive: true });
  writeJson(join(folder, 'package.json'), { private: true, type: 'module', dependencies, overrides });
  run('npm', ['install', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'], folder);
}

export const writeJson = (path: string, content: object): void => writeFileSync(path, JSON.stringify(content));

/** What the command says; throws what it complains of. */
export const run = (
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): string =>
  execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 300_000,
    env: { ...process.env, ...env },
  });

export const tell = (line: string): void => void process.stdout.write(`${line}\n`);
