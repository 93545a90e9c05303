import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { ask, until } from './ask.ts';

/** A server of an example, in a process of its own. */
export interface RunningServer {
  readonly origin: string;
  /** What it wrote to its streams, for a test that failed. */
  readonly output: string;
  /** Resolves when a GET of `path` is answered, with 200 unless any status will do. Rejects if the process ends first. */
  ready(path: string, status?: 200 | 'any'): Promise<void>;
  /** Sends a signal, and resolves with the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

/** A busy machine takes its time to load sources; a process that fails is noticed at once. */
const START_TIMEOUT_MS = 90_000;

/** Starts `server` as a user would, from its sources. */
export function startServer(server: URL, origin: string, environment: NodeJS.ProcessEnv): RunningServer {
  const file = fileURLToPath(server);
  const child = spawn(process.execPath, ['--import', 'tsx', '-C', '@regionkit/source', file], {
    cwd: fileURLToPath(new URL('.', server)),
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
    ready: async (path, wished = 200) => {
      const answered = until(
        () => ask(origin + path),
        ({ status }) => wished === 'any' || status === wished,
        START_TIMEOUT_MS,
      );
      const died = ended.then(([code]) => Promise.reject(new Error(`it ended with ${code}`)));
      await Promise.race([answered, died]).catch((cause) => {
        throw new Error(`${file} did not get ready\n${output}`, { cause });
      });
    },
    end: async (signal) => {
      child.kill(signal);
      const [code] = await ended;
      process.off('exit', orphaned);
      return code;
    },
  };
}
