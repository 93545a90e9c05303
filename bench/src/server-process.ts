import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { processorMicros } from './main-thread.ts';
import { type Answer, createQuestions, type Question } from './questions.ts';
import type { Sample } from './sample.ts';

/** A server under test in a process of its own, so that the load does not share its event loop. */
export interface ServerProcess {
  readonly port: number;
  /**
   * What it says of itself: its memory, the processor time it took, of all threads and of the main one, its open `sockets`, and what its module adds. With `collected`, after its
   * garbage was.
   *
   * @throws {Error} It ended before it answered.
   */
  ask(options?: { readonly collected?: boolean }): Promise<Sample>;
  stop(): Promise<void>;
}

/**
 * Starts `servers/<name>` with `args`. It calls {@link serving} once it listens. What it says on stderr is shown unless
 * `quiet`: for one that is expected to die.
 */
export async function startServer(
  name: string,
  args: readonly string[] = [],
  { quiet = false }: { readonly quiet?: boolean } = {},
): Promise<ServerProcess> {
  const child: ChildProcess = fork(new URL(`servers/${name}.js`, import.meta.url), [...args], {
    stdio: ['ignore', 'inherit', quiet ? 'ignore' : 'inherit', 'ipc'],
    execArgv: ['--expose-gc'],
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
  });
  const exited = once(child, 'exit');
  const early = exited.then(([status]) => {
    throw new Error(`${name} ${args.join(' ')} ended with status ${status}`);
  });
  early.catch(() => {});
  const questions = createQuestions(child);
  const [{ port }] = (await Promise.race([once(child, 'message'), early])) as [{ port: number }];
  return {
    port,
    ask: ({ collected = false } = {}) => Promise.race([questions(collected), early]),
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The same server in several processes: what a compiler makes of the same code differs from one to the next. */
export interface Replicas {
  readonly all: readonly ServerProcess[];
  /** Another one each time, in turn. */
  next(): ServerProcess;
  stop(): Promise<void>;
}

const REPLICAS = 2;

export async function startReplicas(name: string, args: readonly string[] = []): Promise<Replicas> {
  const all = await Promise.all(Array.from({ length: REPLICAS }, () => startServer(name, args)));
  let turn = -1;
  return {
    all,
    next: () => {
      turn += 1;
      return all[turn % REPLICAS] as ServerProcess;
    },
    stop: async () => {
      await Promise.all(all.map((server) => server.stop()));
    },
  };
}

/** Called by the server's own module: tells the port, answers questions, and ends with the bench. */
export function serving(port: number, tell: () => Sample | Promise<Sample> = () => ({})): void {
  process.on('message', async ({ id, collected }: Question) => {
    if (collected) globalThis.gc?.();
    const told = await tell();
    const { rss, heapUsed } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const cpuMs = (user + system) / 1_000;
    const mainMicros = await processorMicros();
    const sockets = process.getActiveResourcesInfo().filter((resource) => resource === 'TCPSocketWrap').length;
    const sample = { ...told, rssMiB: rss / 2 ** 20, heapMiB: heapUsed / 2 ** 20, cpuMs, mainMicros, sockets };
    process.send?.({ id, sample } satisfies Answer);
  });
  process.on('disconnect', () => process.exit(0));
  process.send?.({ port });
}
