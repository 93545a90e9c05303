import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What `npm install` of a package brings: itself and its dependencies, not its peers. */
export interface Installed {
  readonly packages: number;
  readonly kib: number;
}

interface Manifest {
  readonly name: string;
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** What npm packs whatever `files` says. */
const ALWAYS_PUBLISHED = ['package.json', 'README.md', 'LICENSE'];

export function installed(name: string, from: string = process.cwd()): Installed {
  const seen = new Map<string, number>();
  const visit = (directory: string): void => {
    if (seen.has(directory)) return;
    const { files, dependencies = {} } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
    // Ours are linked: of the workspace only what is published counts.
    const linked = !directory.includes('node_modules');
    const published = [...new Set([...ALWAYS_PUBLISHED, ...(files ?? [])])];
    seen.set(directory, linked ? sum(published.map((file) => bytesIn(join(directory, file)))) : bytesIn(directory));
    for (const dependency of Object.keys(dependencies)) visit(find(dependency, directory));
  };
  visit(find(name, from));
  return { packages: seen.size, kib: sum([...seen.values()]) / 1_024 };
}

/** As Node looks for a package, and whatever its `exports` hide. */
function find(name: string, from: string): string {
  for (let directory = from; ; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (directory === dirname(directory)) throw new Error(`${name} is not installed`);
  }
}

function bytesIn(path: string): number {
  if (!existsSync(path)) return 0;
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return 0;
  if (!stat.isDirectory()) return stat.size;
  return sum(readdirSync(path).map((entry) => (entry === 'node_modules' ? 0 : bytesIn(join(path, entry)))));
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
