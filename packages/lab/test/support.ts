import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { sleep } from '../src/until.ts';

/** Whether `promise` is still open after a moment: the way to see that nothing answers. */
export async function isPending(promise: Promise<unknown>, forMs = 150): Promise<boolean> {
  promise.catch(() => {});
  const open = Symbol('open');
  return (await Promise.race([promise.catch(() => {}), sleep(forMs).then(() => open)])) === open;
}

/** Asks until it is so; the test's own time limit ends it otherwise. */
export async function eventually(ask: () => boolean | undefined | Promise<boolean | undefined>): Promise<void> {
  while (!(await ask())) await sleep(20);
}

/** The code with which something failed: a PostgreSQL, system or lab code. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: { code?: unknown; message: string }) => error.code ?? error.message,
  );
}

/** A directory of the test's own in which any user can work. */
export function temporaryDirectory(mode = 0o777): string {
  const directory = mkdtempSync(join(tmpdir(), 'lab-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, mode);
  return directory;
}

/** Every process whose command line holds `text`, of whatever program. */
export function processesWith(text: string): readonly number[] {
  return readdirSync('/proc').flatMap((entry) => {
    try {
      const matches = /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, 'latin1').includes(text);
      return matches && Number(entry) !== process.pid ? [Number(entry)] : [];
    } catch {
      return [];
    }
  });
}

/** Whether somebody accepts connections there. */
export async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export interface Fixture {
  readonly child: ChildProcess;
  /** Its first line, as JSON. */
  readonly said: Promise<unknown>;
  readonly exited: Promise<{ readonly code: number | null; readonly stderr: string }>;
}

/** Runs a script of `fixtures/` in a process of its own, and makes sure that it ends with the test. */
export function runFixture(
  name: string,
  args: readonly string[],
  options: { uid?: number; gid?: number } = {},
): Fixture {
  const script = fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', '-C', '@regionkit/source', script, ...args], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { PATH: process.env['PATH'], TSX_DISABLE_CACHE: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let stdout = '';
  let stderr = '';
  child.stderr.on('data', (bytes) => {
    stderr += bytes;
  });
  const exited = once(child, 'close').then(([code]) => ({ code: code as number | null, stderr }));
  const said = new Promise((resolve, reject) => {
    child.stdout.on('data', (bytes) => {
      stdout += bytes;
      const end = stdout.indexOf('\n');
      if (end !== -1) resolve(JSON.parse(stdout.slice(0, end)));
    });
    exited.then(() => reject(new Error(`${name} said nothing: ${stderr}`)), reject);
  });
  said.catch(() => {});
  return { child, said, exited };
}
