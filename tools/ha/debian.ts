import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { PATH } from './programs.ts';

const ROOT = '/usr/lib/postgresql';
/** A machine without a way to Debian's servers must say so soon. */
const INSTALL_MS = 240_000;

/** The programs of the newest PostgreSQL that Debian has installed. @throws {Error} there is none */
export function debianPostgres(): string {
  const majors = existsSync(ROOT) ? readdirSync(ROOT).map(Number).filter(Number.isInteger) : [];
  const newest = majors.toSorted((left, right) => right - left).find((major) => existsSync(binOf(major)));
  if (newest === undefined) throw new Error(`there is no PostgreSQL server in ${ROOT}`);
  return join(ROOT, String(newest), 'bin');
}

const binOf = (major: number): string => join(ROOT, String(major), 'bin', 'postgres');

/** Sees to it that programs are there: installs Debian's packages where that is asked for and can be done. */
export function provide(
  packages: readonly string[],
  commands: readonly string[],
  install: boolean,
): { readonly missing: string } | undefined {
  const missing = (): readonly string[] =>
    commands.filter((command) => spawnSync('sh', ['-c', `command -v ${command}`], { env: { PATH } }).status !== 0);
  if (missing().length === 0 && existsSync(ROOT)) return undefined;
  if (install && process.geteuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const get = (...args: string[]): void => {
      execFileSync('apt-get', args, { env, timeout: INSTALL_MS, stdio: ['ignore', 'ignore', 'inherit'] });
    };
    try {
      get('-qq', 'update');
      get('-qq', '-y', '--no-install-recommends', 'install', ...packages);
    } catch (error) {
      return { missing: `apt-get could not install ${packages.join(' ')}: ${(error as Error).message.split('\n')[0]}` };
    }
    if (missing().length === 0) return undefined;
  }
  const lacks = missing().join(', ') || ROOT;
  return { missing: `there is no ${lacks}: install Debian's ${packages.join(' ')}, or run as root with --install` };
}
