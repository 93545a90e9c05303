import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A server of an example, in a process of its own. */
export interface RunningServer {
  readonly origin: string;
  /** What it wrote to its streams, for a test that failed. */
  readonly output: string;
  /** Sends a signal, and resolves with the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const TSX = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/** Starts `server` as a user would, from its sources. Resolves at once: ask it until it answers. */
export function startServer(server: URL, origin: string, environment: NodeJS.ProcessEnv): RunningServer {
  const file = fileURLToPath(server);
  const child = spawn(process.execPath, ['--import', TSX, '-C', '@regionkit/source', file], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'exit') as Promise<[number | null]>;
  const orphaned = (): void => void child.kill('SIGKILL');
  process.once('exit', orphaned);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  return {
    origin,
    get output() {
      return output;
    },
    end: async (signal) => {
      child.kill(signal);
      const [code] = await ended;
      process.off('exit', orphaned);
      return code;
    },
  };
}
