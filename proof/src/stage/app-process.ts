import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Order, Report } from '../app/main.ts';
import { type AppSettings, toEnvironment } from '../app/settings.ts';
import { type Mutation, mutationEnvironment } from '../mutants/mutation.ts';
import type { Region } from '../regions.ts';
import type { Sample } from '../soak/sample.ts';

export interface AppProcessOptions {
  readonly settings: AppSettings;
  readonly mutation: Mutation | undefined;
  /** Where its stderr goes; appended to. */
  readonly logFile: string;
  readonly onEvent: (name: string, payload: unknown) => void;
  /** It got no time of the machine for so long, and had not been stopped. */
  readonly onStall: (ms: number) => void;
  /** It ended without an order to end. */
  readonly onExit: (why: string) => void;
  /** It listens, or has ended. */
  readonly onListening: (isUp: boolean) => Promise<void>;
}

/** One region's app as a process that can be started, stopped, continued and killed. */
export interface AppProcess {
  /** Resolves when it listens. @throws {Error} it does not come up. */
  start(): Promise<void>;
  /** SIGKILL: nothing is closed, and no other process is informed. */
  kill(): Promise<void>;
  /** SIGSTOP. */
  stop(): void;
  /** SIGCONT. */
  continue(): void;
  stepClock(ms: number): void;
  /** The operator's reset; resolves when it is done. */
  forgetEpoch(): Promise<void>;
  /** Pauses the writes of all regions. @param processes how many each region has */
  pauseWrites(
    forMs: number,
    processes: Readonly<Record<Region, number>>,
  ): Promise<Extract<Report, { report: 'paused' }>>;
  /** Ends a pause. Resolves to false if this process knew of none. */
  resumeWrites(): Promise<boolean>;
  /** A token of a copy of the environment. The region has the primary. */
  strayToken(): Promise<string>;
  /** How it is now. @throws {Error} it does not run, or is not probed. */
  sample(): Promise<Sample>;
}

/** What is not measured may be slow: other work may go on on the machine. */
const START_TIMEOUT_MS = 180_000;
const SAMPLE_TIMEOUT_MS = 60_000;
const MAIN = fileURLToPath(new URL('../app/main.ts', import.meta.url));
const HOOK = new URL('../mutants/register.mjs', import.meta.url).href;

export function createAppProcess(options: AppProcessOptions): AppProcess {
  const { settings, mutation, logFile, onEvent, onStall, onExit, onListening } = options;
  let child: ChildProcess | undefined;
  let tail = '';
  let wasStopped = false;

  const running = (): ChildProcess => {
    if (child === undefined) throw new Error(`the app of ${settings.region} does not run`);
    return child;
  };
  const tell = (order: Order): void => void running().send(order);

  return {
    start: async () => {
      const log = createWriteStream(logFile, { flags: 'a' });
      const started = spawn(
        process.execPath,
        [
          // Before tsx, so that it sees the sources as they are written.
          ...(mutation === undefined ? [] : ['--import', HOOK]),
          ...(settings.probed ? ['--expose-gc'] : []),
          ...['--import', 'tsx', '-C', '@regionkit/source', MAIN],
        ],
        {
          env: { ...process.env, ...toEnvironment(settings), ...mutationEnvironment(mutation) },
          stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        },
      );
      child = started;
      tail = '';
      wasStopped = false;
      started.stderr?.on('data', (bytes: Buffer) => {
        tail = `${tail}${bytes}`.slice(-2_000);
        log.write(bytes);
      });
      started.once('exit', (status, signal) => {
        log.end();
        if (child !== started) return;
        child = undefined;
        onListening(false).catch(() => {});
        onExit(`${signal ?? `status ${status}`} ${tail.trim().split('\n').slice(-12).join(' | ')}`);
      });
      started.on('message', (message: Report) => {
        if (message.report === 'event') onEvent(message.name, message.payload);
        if (message.report !== 'stall') return;
        if (wasStopped) wasStopped = false;
        else onStall(message.ms);
      });
      await heard(started, 'listening', START_TIMEOUT_MS);
      await onListening(true);
    },
    kill: async () => {
      const ending = running();
      child = undefined;
      const exit = once(ending, 'exit');
      ending.kill('SIGKILL');
      await exit;
      await onListening(false);
    },
    stop: () => {
      wasStopped = true;
      running().kill('SIGSTOP');
    },
    continue: () => void running().kill('SIGCONT'),
    stepClock: (ms) => tell({ order: 'step-clock', ms }),
    forgetEpoch: async () => {
      const forgot = heard(running(), 'forgot', START_TIMEOUT_MS);
      tell({ order: 'forget-epoch' });
      await forgot;
    },
    pauseWrites: async (forMs, processes) => {
      const paused = heard(running(), 'paused', START_TIMEOUT_MS);
      tell({ order: 'pause', forMs, processes });
      return paused;
    },
    resumeWrites: async () => {
      const resumed = heard(running(), 'resumed', START_TIMEOUT_MS);
      tell({ order: 'resume' });
      return (await resumed).wasPaused;
    },
    strayToken: async () => {
      const told = heard(running(), 'stray', START_TIMEOUT_MS);
      tell({ order: 'stray' });
      return (await told).token;
    },
    sample: async () => {
      if (!settings.probed) throw new Error(`the app of ${settings.region} is not probed`);
      const told = heard(running(), 'sample', SAMPLE_TIMEOUT_MS);
      tell({ order: 'sample' });
      return (await told).sample;
    },
  };
}

function heard<Name extends Report['report']>(
  child: ChildProcess,
  report: Name,
  timeoutMs: number,
): Promise<Extract<Report, { readonly report: Name }>> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      settle();
    };
    const onMessage = (message: Report): void => {
      if (message.report === report) end(() => resolve(message as Extract<Report, { readonly report: Name }>));
    };
    const onExit = (): void => end(() => reject(new Error(`an app ended before it was ${report}`)));
    const timer = setTimeout(
      () => end(() => reject(new Error(`an app was not ${report} within ${timeoutMs} ms`))),
      timeoutMs,
    );
    child.on('message', onMessage);
    child.once('exit', onExit);
  });
}
