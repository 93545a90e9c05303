import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Ran {
  readonly status: number | null;
  readonly tookMs: number;
  readonly output: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** As a runner of GitHub does it: `bash -e`, and outputs in a file. When `signal` is aborted, the script is ended. */
export async function runScript(
  script: string,
  {
    directory,
    environment,
    signal,
  }: { readonly directory: string; readonly environment: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<Ran> {
  const outputFile = join(directory, `output-${randomUUID()}`);
  await writeFile(outputFile, '');
  const startedMs = performance.now();
  // In a group of its own, so that the programs of the script are ended with it.
  const child = spawn('bash', ['-e', '-c', script], {
    cwd: directory,
    env: { ...environment, GITHUB_OUTPUT: outputFile },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const end = (): void => void process.kill(-(child.pid as number), 'SIGTERM');
  signal.addEventListener('abort', end, { once: true });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const [status] = (await once(child, 'close')) as [number | null];
  signal.removeEventListener('abort', end);
  const lines = (await readFile(outputFile, 'utf8')).split('\n').filter(Boolean);
  const outputs = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
  return { status, tookMs: performance.now() - startedMs, output, outputs };
}
