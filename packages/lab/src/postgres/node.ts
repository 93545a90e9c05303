import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { LabError } from '../errors.ts';
import { makeOwned, writeOwned } from '../files/copy-tree.ts';
import { type Account, as } from '../process/account.ts';
import { baseBackup } from './base-backup.ts';
import type { Binaries } from './binaries.ts';
import { type Console, createConsole } from './console.ts';
import { serverEnv } from './env.ts';
import { createServer, type Server } from './server.ts';
import { baseSettings, formatSettings, type Settings } from './settings.ts';

const run = promisify(execFile);

const ADMIN = 'postgres';
export const APP = 'app';

export interface NodeOptions {
  readonly name: string;
  readonly runDirectory: string;
  readonly logFile: string | undefined;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly adminPassword: string;
  readonly settings: Settings;
  readonly startTimeoutMs: number;
  readonly onChange: (up: number | undefined) => Promise<void>;
}

/** One PostgreSQL with its data directory. Its upstream is a port; the network decides where that leads. */
export interface Node {
  readonly name: string;
  readonly server: Server;
  readonly console: Console;
  readonly dataDirectory: string;
  readonly logFile: string;
  readonly adminConnectionString: string;
  /** Makes an empty cluster that is shut down. */
  initialise(): Promise<void>;
  /** Sets the upstream from which it streams as a standby. Takes effect at once on a running server. */
  configure(upstreamPort?: number): Promise<void>;
  /** Makes it start as a standby. */
  markStandby(): Promise<void>;
  /** Removes the data directory. */
  erase(): Promise<void>;
  /** Copies the data directory of the running server to nodes that are down. */
  copyTo(targets: readonly Node[]): Promise<void>;
  /** Returns the fork of its timeline, from the last line of the history file. Undefined on timeline 1. */
  forkOf(timeline: number): string | undefined;
}

export async function createNode(options: NodeOptions): Promise<Node> {
  const { name, runDirectory, binaries, account, adminPassword, settings, startTimeoutMs, onChange } = options;
  const home = join(runDirectory, name);
  const dataDirectory = join(home, 'data');
  const passFile = join(home, 'pgpass');
  const logFile = options.logFile ?? join(home, 'log');
  await makeOwned(home, account);
  await mustReach(home, account);
  await writeOwned(passFile, `*:*:*:${ADMIN}:${adminPassword}\n`, account);

  const server = await createServer({
    name,
    binaries,
    account,
    dataDirectory,
    logFile,
    mark: `${basename(runDirectory)}/${name}/`,
    startTimeoutMs,
    onChange: (up) => onChange(up ? server.port : undefined),
  });
  const adminConnectionString = (): string => `postgres://${ADMIN}:${adminPassword}@127.0.0.1:${server.port}/${APP}`;
  const console = createConsole(adminConnectionString);
  const write = (file: string, content: string): Promise<void> =>
    writeOwned(join(dataDirectory, file), content, account);

  return {
    name,
    server,
    console,
    dataDirectory,
    logFile,
    get adminConnectionString() {
      return adminConnectionString();
    },
    initialise: async () => {
      const passwordFile = join(home, 'password');
      await writeOwned(passwordFile, adminPassword, account);
      const args = ['-D', dataDirectory, '-U', ADMIN, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
      try {
        await run(binaries.initdb, [...args, '-E', 'UTF8', '--no-locale', '--no-sync', '--no-instructions'], {
          cwd: home,
          env: serverEnv(),
          ...as(account),
        });
      } catch (cause) {
        throw new LabError('ERR_LAB_SERVER', `${name}: initdb failed`, {
          cause,
          logs: String((cause as { stderr?: string }).stderr ?? '').trim(),
        });
      } finally {
        await rm(passwordFile, { force: true });
      }
    },
    configure: async (upstreamPort) => {
      const upstream = upstreamPort !== undefined && {
        primary_conninfo:
          `host=127.0.0.1 port=${upstreamPort} user=${ADMIN} passfile=${passFile} application_name=${name} ` +
          'connect_timeout=4 sslmode=disable gssencmode=disable',
      };
      await write('postgresql.conf', formatSettings({ ...baseSettings(binaries.version), ...settings, ...upstream }));
      server.reload();
    },
    markStandby: () => write('standby.signal', ''),
    erase: () => rm(dataDirectory, { recursive: true, force: true, maxRetries: 5 }),
    copyTo: (targets) =>
      baseBackup(
        { console, dataDirectory },
        targets.map((target) => target.dataDirectory),
        account,
      ),
    forkOf: (timeline) => {
      if (timeline === 1) return undefined;
      const file = `${timeline.toString(16).padStart(8, '0').toUpperCase()}.history`;
      const history = readFileSync(join(dataDirectory, 'pg_wal', file), 'utf8');
      return /\t(\S+)\t[^\n]*\n?$/.exec(history.trimEnd())?.[1];
    },
  };
}

async function mustReach(directory: string, account: Account | undefined): Promise<void> {
  if (account === undefined) return;
  try {
    await run('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], { cwd: '/', ...as(account) });
  } catch (cause) {
    throw new LabError(
      'ERR_LAB_DIRECTORY',
      `the user "${account.name}", which runs the servers because PostgreSQL does not run as root, cannot reach ${directory}: set TMPDIR, or the option "directory", to one that every user can pass through, such as /tmp`,
      { cause },
    );
  }
}
