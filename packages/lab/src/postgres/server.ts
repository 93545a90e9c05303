import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LabError } from '../errors.ts';
import { reservePort } from '../network/ports.ts';
import { type Account, as } from '../process/account.ts';
import { findPostgres, signal } from '../process/find.ts';
import { sleep, until } from '../until.ts';
import type { Binaries } from './binaries.ts';
import { serverEnv } from './env.ts';
import { logSize, logTail } from './log.ts';

export type ServerState =
  | { readonly status: 'down' }
  | { readonly status: 'up' | 'frozen'; readonly child: ChildProcess };

export interface ServerOptions {
  readonly name: string;
  readonly binaries: Binaries;
  readonly account: Account | undefined;
  readonly dataDirectory: string;
  readonly logFile: string;
  /** A text in the command line of every process of this server, and of no other process. */
  readonly mark: string;
  readonly startTimeoutMs: number;
  /** Called when a postmaster has started or ended, for any reason. */
  readonly onChange: (up: boolean) => Promise<void>;
}

/** The processes of one PostgreSQL server. The content of its data directory is not handled here. */
export interface Server {
  readonly state: ServerState;
  /** The port on which it listens. It stays the same, unless another process took it while the server was down. */
  readonly port: number;
  /** Resolves when it accepts connections. */
  start(): Promise<void>;
  /** A fast shutdown: transactions are rolled back, and connected standbys receive everything. */
  stop(): Promise<void>;
  /** SIGKILL to the postmaster and all its processes. */
  kill(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): void;
  /** Makes the server read its configuration again. */
  reload(): void;
  /** Starts no more servers. The caller ends the running one. */
  close(): void;
}

const START_TRIES = 5;
const STOP_TIMEOUT_MS = 20_000;

export async function createServer(options: ServerOptions): Promise<Server> {
  const { name, binaries, account, dataDirectory, logFile, mark, startTimeoutMs, onChange } = options;
  let state: ServerState = { status: 'down' };
  let reserved = await reservePort();
  let closed = false;

  const launch = async (): Promise<ChildProcess> => {
    const log = openSync(logFile, 'a', 0o600);
    try {
      const args = ['-D', dataDirectory, '-c', `port=${reserved.port}`, '-c', `cluster_name=${mark}`];
      // The server gets its own session. Ctrl-C in the terminal must reach the process of the lab first.
      const child = spawn(binaries.postgres, args, {
        cwd: dataDirectory,
        env: serverEnv(),
        detached: true,
        stdio: ['ignore', log, log],
        ...as(account),
      });
      await once(child, 'spawn');
      child.unref();
      return child;
    } catch (cause) {
      throw new LabError('ERR_LAB_SERVER', `${name}: cannot run ${binaries.postgres}`, { cause });
    } finally {
      closeSync(log);
    }
  };

  const isReady = (child: ChildProcess): boolean => {
    try {
      const lines = readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n');
      return Number(lines[0]) === child.pid && lines[7]?.trim() === 'ready';
    } catch {
      return false;
    }
  };

  const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;
  const failed = (what: string, code: 'ERR_LAB_SERVER' | 'ERR_LAB_TIMEOUT' = 'ERR_LAB_SERVER'): LabError =>
    new LabError(code, `${name}: ${what}`, { logs: logTail(logFile, 15) });

  const mustBeOpen = (): void => {
    if (closed) throw new LabError('ERR_LAB_CLOSED', `${name}: the lab is closed`);
  };

  const start = async (): Promise<void> => {
    for (let tries = 1; ; tries += 1) {
      mustBeOpen();
      const before = logSize(logFile);
      const child = await launch();
      state = { status: 'up', child };
      child.once('exit', () => {
        state = { status: 'down' };
        onChange(false).catch(() => {});
      });
      await onChange(true);
      const ready = await until(() => (hasEnded(child) ? 'ended' : isReady(child) && 'ready'), {
        timeoutMs: startTimeoutMs,
        orThrow: () => failed(`PostgreSQL did not accept connections within ${startTimeoutMs} ms`, 'ERR_LAB_TIMEOUT'),
      });
      mustBeOpen();
      if (ready === 'ready') return;
      await onChange(false);
      // `lc_messages` is C, so these are PostgreSQL's own English messages.
      const said = logTail(logFile, 20, before);
      // The kernel frees the memory of a killed process only after the process has left the process list.
      const isHeld = said.includes('pre-existing shared memory block');
      if (!isHeld && !said.includes('could not bind')) throw failed('PostgreSQL did not start');
      if (tries === START_TRIES) {
        throw failed(isHeld ? 'PostgreSQL did not start' : `found no free port to listen on in ${START_TRIES} tries`);
      }
      if (isHeld) await sleep(20);
      else {
        const other = await reservePort();
        reserved.release();
        reserved = other;
      }
    }
  };

  const gone = async (child: ChildProcess): Promise<void> => {
    if (!hasEnded(child)) {
      child.ref();
      await once(child, 'exit');
    }
    // Child processes end by themselves when their postmaster is gone, unless they are frozen.
    for (let left = findPostgres(mark); left.length > 0; left = findPostgres(mark)) {
      signal(left, 'SIGKILL');
      await sleep(5);
    }
    await onChange(false);
  };

  const thaw = (): void => {
    if (state.status !== 'frozen') return;
    state = { status: 'up', child: state.child };
    signal(findPostgres(mark), 'SIGCONT');
  };

  return {
    get state() {
      return state;
    },
    get port() {
      return reserved.port;
    },
    start,
    stop: async () => {
      thaw();
      if (state.status === 'down') return;
      const { child } = state;
      child.kill('SIGINT');
      await until(() => hasEnded(child), {
        timeoutMs: STOP_TIMEOUT_MS,
        orThrow: () => failed(`PostgreSQL did not stop within ${STOP_TIMEOUT_MS} ms`, 'ERR_LAB_TIMEOUT'),
      });
      await gone(child);
    },
    kill: async () => {
      if (state.status === 'down') return;
      const { child } = state;
      // Stop the postmaster first, so that it starts no process that this search would miss. Kill it last, or a backend
      // that sees it dead would still report that to its client.
      child.kill('SIGSTOP');
      signal(
        findPostgres(mark).filter((pid) => pid !== child.pid),
        'SIGKILL',
      );
      child.kill('SIGKILL');
      await gone(child);
    },
    freeze: async () => {
      if (state.status !== 'up') return;
      state = { status: 'frozen', child: state.child };
      state.child.kill('SIGSTOP');
      signal(findPostgres(mark), 'SIGSTOP');
      // Search once more, for a process that was starting when the signal came.
      await sleep(5);
      if (state.status === 'frozen') signal(findPostgres(mark), 'SIGSTOP');
    },
    thaw,
    reload: () => {
      if (state.status !== 'down') state.child.kill('SIGHUP');
    },
    close: () => {
      closed = true;
      reserved.release();
    },
  };
}
