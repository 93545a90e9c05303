import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fill, type Outcome, runs, type Scope } from './expressions.ts';
import { runScript } from './run-script.ts';
import { type Job, readWorkflow, type Step, type Workflow } from './workflow.ts';

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
  /** A person cancels the run. */
  readonly cancel?: AbortSignal;
}

export interface PlayedStep {
  readonly name: string;
  readonly outcome: Outcome;
  readonly tookMs: number;
  readonly output: string;
}

export interface PlayedJob {
  readonly id: string;
  /** What a person sees: of a job for a region, the region. */
  readonly name: string;
  readonly outcome: Outcome;
  readonly steps: readonly PlayedStep[];
  readonly outputs: Readonly<Record<string, string>>;
}

/** Plays a workflow: its jobs in the order of `needs`, its scripts in bash. Actions of GitHub (`uses`) are not played. */
export async function playWorkflow(options: PlayOptions): Promise<readonly PlayedJob[]> {
  const workflow = await load(options, options.file);
  const played = new Map<string, PlayedJob>();
  const waiting = [...workflow.jobs];
  while (waiting.length > 0) {
    const at = waiting.findIndex(({ needs }) => needs.every((id) => played.has(id)));
    const [job] = waiting.splice(at, 1);
    if (at === -1 || job === undefined) throw new Error('a job needs another one that is not there');
    const needed = job.needs.flatMap((id) => played.get(id) ?? []);
    const scope: Scope = {
      inputs: options.inputs,
      secrets: options.secrets,
      needs: Object.fromEntries(needed.map(({ id, outputs }) => [id, outputs])),
      steps: new Map(),
      status: 'success',
    };
    const isSkipped = options.cancel?.aborted || needed.some(({ outcome }) => outcome !== 'success');
    if (isSkipped) played.set(job.id, { id: job.id, name: job.name, outcome: 'skipped', steps: [], outputs: {} });
    else
      played.set(
        job.id,
        job.calls === undefined ? await playJob(options, job, scope) : await call(options, job, scope),
      );
  }
  return [...played.values()];
}

const load = async ({ folder }: PlayOptions, file: string): Promise<Workflow> =>
  readWorkflow(await readFile(join(folder, file), 'utf8'));

async function call(options: PlayOptions, { id, calls, inputs }: Job, caller: Scope): Promise<PlayedJob> {
  const { defaults, jobs } = await load(options, calls as string);
  const [job] = jobs;
  if (job === undefined || jobs.length > 1) throw new Error(`${calls}: the rehearsal plays one job`);
  const given = fillAll(inputs, caller);
  const scope = { ...caller, needs: {}, inputs: { ...defaults, ...given, ...options.overrides } };
  return { ...(await playJob(options, job, scope)), id };
}

async function playJob(options: PlayOptions, job: Job, scope: Scope): Promise<PlayedJob> {
  const name = fill(job.name, scope);
  const steps = new Map(scope.steps);
  const played: PlayedStep[] = [];
  let status = scope.status;
  for (const step of job.steps) {
    if (step.run === undefined) continue;
    const { outputs, ...done } = await playStep(options, step, step.run, job.env, { ...scope, steps, status });
    if (step.id !== undefined) steps.set(step.id, { outcome: done.outcome, outputs });
    if (options.cancel?.aborted) status = 'cancelled';
    else if (done.outcome === 'failure') status = 'failure';
    played.push(done);
    const said = done.outcome === 'failure' ? done.output.trim().split('\n').at(-1) : annotationOf(done.output);
    if (done.outcome !== 'skipped')
      options.tell(`${name}: ${done.name}: ${done.outcome}${said === undefined ? '' : ` (${said})`}`);
  }
  const outputs = fillAll(job.outputs, { ...scope, steps, status });
  return { id: job.id, name, outcome: status, steps: played, outputs };
}

async function playStep(
  { directory, environment, cancel }: PlayOptions,
  { name, if: condition, env, limitMinutes = 360 }: Step,
  script: string,
  jobEnv: Readonly<Record<string, string>>,
  scope: Scope,
): Promise<PlayedStep & { readonly outputs: Readonly<Record<string, string>> }> {
  if (!runs(condition, scope)) return { name, outcome: 'skipped', tookMs: 0, output: '', outputs: {} };
  const limit = AbortSignal.timeout(limitMinutes * 60_000);
  // As on GitHub: when a run is cancelled, a step goes on if its condition holds then.
  const goesOn = cancel === undefined || runs(condition, { ...scope, status: 'cancelled' });
  const { status, ...ran } = await runScript(fill(script, scope), {
    directory,
    environment: { ...environment, ...fillAll({ ...jobEnv, ...env }, scope) },
    signal: goesOn ? limit : AbortSignal.any([limit, cancel]),
  });
  const wasCancelled = !goesOn && cancel.aborted;
  return { name, outcome: status === 0 ? 'success' : wasCancelled ? 'cancelled' : 'failure', ...ran };
}

/** What GitHub shows a person above the log: `::warning title=…::text`. */
const annotationOf = (output: string): string | undefined => /^::(?:warning|error)[^:]*::(.*)$/m.exec(output)?.[1];

const fillAll = (values: Readonly<Record<string, string>>, scope: Scope): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fill(value, scope)]));
