import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

/** A server under test in a process of its own, so that the load does not share its event loop. */
export interface ServerProcess {
  readonly port: number;
  /** Resident memory now, in MiB. */
  rssMiB(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts `servers/<name>` with `args`. It calls {@link serving} once it listens. */
export async function startServer(name: string, args: readonly string[] = []): Promise<ServerProcess> {
  const child: ChildProcess = fork(new URL(`servers/${name}.js`, import.meta.url), [...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const early = exited.then(([status]) => {
    throw new Error(`${name} ${args.join(' ')} ended with status ${status}`);
  });
  const [{ port }] = (await Promise.race([once(child, 'message'), early])) as [{ port: number }];
  early.catch(() => {});
  return {
    port,
    rssMiB: async () => {
      const answer = once(child, 'message');
      child.send('rss');
      const [{ rssBytes }] = (await answer) as [{ rssBytes: number }];
      return rssBytes / 2 ** 20;
    },
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Called by the server's own module: tells the port, answers questions, and ends with the bench. */
export function serving(port: number): void {
  process.on('message', () => process.send?.({ rssBytes: process.memoryUsage.rss() }));
  process.on('disconnect', () => process.exit(0));
  process.send?.({ port });
}
