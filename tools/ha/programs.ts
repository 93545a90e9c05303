import { execFile, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

/** The load goes on meanwhile. */
const execute = promisify(execFile);

/** The programs of one cluster: all of them name its directory on their command line, so that each can be found again. */
export interface Programs extends Disposable {
  readonly directory: string;
  /** Starts a program as the user of the servers, in a session of its own; what it prints goes to `<name>.log`. */
  start(name: string, command: string, args: readonly string[]): number;
  /** Runs a command to its end and returns what it printed. @throws {Error} it failed */
  run(command: string, args: readonly string[]): Promise<string>;
  /** What a program has printed so far. */
  log(name: string): string;
  mkdir(name: string): string;
}

/** Where Debian's packages put their programs. */
export const PATH = '/usr/sbin:/usr/bin:/bin';

/** The user that owns a PostgreSQL of Debian's: no server here runs as root. */
const USER = 'postgres';

export function createPrograms(mark: string): Programs {
  const directory = mkdtempSync(join(tmpdir(), `regionkit-ha-${mark}-`));
  const asRoot = process.geteuid?.() === 0;
  const ids = asRoot ? { uid: idOf('-u'), gid: idOf('-g') } : {};
  const own = (path: string): string => {
    if (ids.uid !== undefined) chownSync(path, ids.uid, ids.gid as number);
    return path;
  };
  chmodSync(own(directory), 0o755);
  const env = { PATH, HOME: directory, XDG_RUNTIME_DIR: directory, LC_ALL: 'C.UTF-8' };
  const endAll = (): void => {
    // Again and again: a supervisor may have started another child in between.
    for (let left = treeOf(directory); left.length > 0; left = treeOf(directory)) signal(left, 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  };
  // However this process ends, nothing that it started goes on.
  process.once('exit', endAll);
  const logFile = (name: string): string => join(directory, `${name}.log`);
  return {
    directory,
    start(name, command, args) {
      const out = openSync(logFile(name), 'a');
      const child = spawn(command, args, { ...ids, cwd: directory, env, detached: true, stdio: ['ignore', out, out] });
      child.on('error', () => {}); // its log stays empty, and who waits for it says so
      child.unref();
      return child.pid as number;
    },
    run: async (command, args) => (await execute(command, args, { ...ids, cwd: directory, env })).stdout,
    log: (name) => readFileSync(logFile(name), 'utf8'),
    mkdir(name) {
      const path = join(directory, name);
      mkdirSync(path, { mode: 0o700, recursive: true });
      return own(path);
    },
    [Symbol.dispose]() {
      process.off('exit', endAll);
      endAll();
    },
  };
}

const idOf = (flag: string): number => Number(execFileSync('id', [flag, USER], { encoding: 'utf8' }));

/** Every process with `text` on its command line, and all below them. */
function treeOf(text: string): number[] {
  const all = processes();
  return withDescendants(
    all,
    all.filter(({ command }) => command.includes(text)).map(({ pid }) => pid),
  );
}

/** A process and all below it. */
export const treeBelow = (pid: number): number[] => withDescendants(processes(), [pid]);

export function signal(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch {
      // It ended meanwhile.
    }
  }
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

function processes(): readonly Process[] {
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (state === 'Z') return [];
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return [{ pid, parent: Number(parent), command }];
    } catch {
      return []; // it ended meanwhile
    }
  });
}

function withDescendants(all: readonly Process[], roots: readonly number[]): number[] {
  const found = new Set(roots);
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid);
  }
  return [...found];
}

/** Waits for a condition. @throws {Error} it did not come within `seconds` */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  seconds = 180,
): Promise<T> {
  const end = performance.now() + seconds * 1_000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(100);
  }
}
