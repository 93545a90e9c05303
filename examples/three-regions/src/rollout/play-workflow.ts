import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fill, type Outcome, runs, type Scope } from './expressions.ts';
import { type Job, readWorkflow, type Workflow } from './workflow.ts';

export interface PlayOptions {
  /** Where the workflows are. */
  readonly folder: string;
  readonly file: string;
  readonly inputs: Readonly<Record<string, string>>;
  /** Inputs of the reusable workflow that a rehearsal sets: shorter times. */
  readonly overrides: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  /** Where the scripts run, and with what. */
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly tell: (line: string) => void;
}

export interface PlayedStep {
  readonly name: string;
  readonly outcome: Outcome;
  readonly tookMs: number;
  readonly output: string;
}

export interface PlayedJob {
  readonly id: string;
  readonly outcome: Outcome;
  readonly steps: readonly PlayedStep[];
}

/** Plays a workflow: its jobs in the order of `needs`, its scripts in bash. Actions of GitHub (`uses`) are not played. */
export async function playWorkflow(options: PlayOptions): Promise<readonly PlayedJob[]> {
  const workflow = await load(options, options.file);
  const played: PlayedJob[] = [];
  const outcomeOf = (id: string): Outcome | undefined => played.find((job) => job.id === id)?.outcome;
  const waiting = [...workflow.jobs];
  while (waiting.length > 0) {
    const at = waiting.findIndex(({ needs }) => needs.every((id) => outcomeOf(id) !== undefined));
    const [job] = waiting.splice(at, 1);
    if (at === -1 || job === undefined) throw new Error('a job needs another one that is not there');
    if (job.needs.some((id) => outcomeOf(id) !== 'success')) {
      played.push({ id: job.id, outcome: 'skipped', steps: [] });
      continue;
    }
    const caller: Scope = { inputs: options.inputs, secrets: options.secrets, steps: new Map(), failed: false };
    played.push(job.calls === undefined ? await playJob(options, job, caller) : await call(options, job, caller));
  }
  return played;
}

const load = async ({ folder }: PlayOptions, file: string): Promise<Workflow> =>
  readWorkflow(await readFile(join(folder, file), 'utf8'));

async function call(options: PlayOptions, { id, calls, inputs }: Job, caller: Scope): Promise<PlayedJob> {
  const { defaults, jobs } = await load(options, calls as string);
  const [job] = jobs;
  if (job === undefined || jobs.length > 1) throw new Error(`${calls}: the rehearsal plays one job`);
  const given = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, fill(value, caller)]));
  const scope = { ...caller, inputs: { ...defaults, ...given, ...options.overrides } };
  return { ...(await playJob(options, job, scope)), id };
}

async function playJob(options: PlayOptions, job: Job, scope: Scope): Promise<PlayedJob> {
  const steps = new Map(scope.steps);
  const played: PlayedStep[] = [];
  let failed = false;
  for (const step of job.steps) {
    const now: Scope = { ...scope, steps, failed };
    if (step.run === undefined) continue;
    const env = Object.fromEntries(
      Object.entries({ ...job.env, ...step.env }).map(([name, value]) => [name, fill(value, now)]),
    );
    const result = runs(step.if, now) ? await runScript(options, fill(step.run, now), env) : undefined;
    const outcome = result === undefined ? 'skipped' : result.status === 0 ? 'success' : 'failure';
    if (step.id !== undefined) steps.set(step.id, { outcome, outputs: result?.outputs ?? {} });
    failed ||= outcome === 'failure';
    played.push({ name: step.name, outcome, tookMs: result?.tookMs ?? 0, output: result?.output ?? '' });
    const why = outcome === 'failure' ? ` (${result?.output.trim().split('\n').at(-1)})` : '';
    if (outcome !== 'skipped') options.tell(`${scope.inputs['region'] ?? job.id}: ${step.name}: ${outcome}${why}`);
  }
  return { id: job.id, outcome: failed ? 'failure' : 'success', steps: played };
}

interface Ran {
  readonly status: number | null;
  readonly tookMs: number;
  readonly output: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** As a runner of GitHub does it: `bash -e`, and outputs in a file. */
async function runScript(
  { directory, environment }: PlayOptions,
  script: string,
  env: Readonly<Record<string, string>>,
): Promise<Ran> {
  const outputFile = join(directory, `output-${randomUUID()}`);
  await writeFile(outputFile, '');
  const startedMs = performance.now();
  const child = spawn('bash', ['-e', '-c', script], {
    cwd: directory,
    env: { ...environment, ...env, GITHUB_OUTPUT: outputFile },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  child.stderr.on('data', (chunk) => (output += String(chunk)));
  const [status] = (await once(child, 'close')) as [number | null];
  const lines = (await readFile(outputFile, 'utf8')).split('\n').filter(Boolean);
  const outputs = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
  return { status, tookMs: performance.now() - startedMs, output, outputs };
}
