import { type ChildProcess, spawn } from 'node:child_process';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { REGIONKIT } from '../../../../tools/regionkit.ts';
import type { RunLine } from '../../src/failover/run-file/line.ts';
import { parseRun } from '../../src/failover/run-file/parse.ts';

export interface Ended {
  readonly code: number | null;
  readonly by: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Where a command runs: the directory of its configuration, and of its run files. */
interface Place {
  readonly directory: string;
}

/** Runs the command in a process of its own, so that it can be killed. */
export function start({ directory }: Place, ...args: string[]): Command {
  const child = spawn(process.execPath, [...REGIONKIT, ...args], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => (stdout += chunk));
  child.stderr.on('data', (chunk) => (stderr += chunk));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code, by) => resolve({ code, by, stdout, stderr }));
  });
  return { process: child, ended };
}

/** The lines of the run file that was written last: the names of two that began in one second do not say it. */
export async function lastRun({
  directory,
}: Place): Promise<{ readonly id: string; readonly lines: readonly RunLine[] } | undefined> {
  const names = await readdir(join(directory, 'runs')).catch(() => [] as string[]);
  const dated = await Promise.all(
    names
      .filter((one) => one.endsWith('.ndjson'))
      .map(async (name) => ({ name, writtenMs: (await stat(join(directory, 'runs', name))).mtimeMs })),
  );
  const name = dated.toSorted((a, b) => a.writtenMs - b.writtenMs).at(-1)?.name;
  if (name === undefined) return undefined;
  return { id: name.slice(0, -'.ndjson'.length), lines: parseRun(await readFile(join(directory, 'runs', name))).lines };
}

/** Waits until a run other than `before` has begun a step, or its process has ended. */
export async function untilBegun(
  place: Place,
  { ended }: Command,
  before: string | undefined,
  step: string,
): Promise<void> {
  let over = false;
  void ended.then(() => {
    over = true;
  });
  while (!over) {
    const run = await lastRun(place);
    if (run !== undefined && run.id !== before && run.lines.some((line) => line.step === step)) return;
    await sleep(2);
  }
  throw new Error(`the command ended before ${step}: ${JSON.stringify(await ended)}`);
}
