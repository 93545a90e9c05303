import { parse } from 'yaml';

/** A step of a workflow of GitHub, as the rehearsal plays it. */
export interface Step {
  readonly name: string;
  readonly id: string | undefined;
  readonly if: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** A script of bash. Undefined: an action of GitHub, which is not played. */
  readonly run: string | undefined;
  readonly uses: string | undefined;
  /** A script that takes longer is ended, and has failed. Undefined: only the limit of the job. */
  readonly limitMinutes: number | undefined;
}

export interface Job {
  readonly id: string;
  /** What a person sees. */
  readonly name: string;
  readonly needs: readonly string[];
  readonly environment: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
  /** The file of the reusable workflow that this job calls, and its inputs. */
  readonly calls: string | undefined;
  readonly inputs: Readonly<Record<string, string>>;
  /** What jobs that need this one can read. */
  readonly outputs: Readonly<Record<string, string>>;
}

export interface Workflow {
  readonly concurrency: { readonly group: string; readonly cancels: boolean } | undefined;
  /** The inputs of a reusable workflow and their defaults. */
  readonly defaults: Readonly<Record<string, string>>;
  readonly jobs: readonly Job[];
}

/** What is not rehearsed must not be in a workflow that is rehearsed. */
const JOB_KEYS = [
  'name',
  'runs-on',
  'needs',
  'environment',
  'timeout-minutes',
  'env',
  'steps',
  'uses',
  'with',
  'secrets',
  'permissions',
  'outputs',
];
const STEP_KEYS = ['name', 'id', 'if', 'env', 'run', 'uses', 'with', 'timeout-minutes'];

type Yaml = Readonly<Record<string, unknown>>;

/** @throws {Error} the workflow has something that the rehearsal does not play */
export function readWorkflow(text: string): Workflow {
  const { on, concurrency, jobs } = parse(text) as {
    on: Yaml;
    concurrency?: Yaml;
    jobs: Readonly<Record<string, Yaml>>;
  };
  const call = on['workflow_call'] as { inputs?: Readonly<Record<string, { default?: unknown }>> } | undefined;
  return {
    concurrency: concurrency && {
      group: String(concurrency['group']),
      cancels: concurrency['cancel-in-progress'] !== false,
    },
    defaults: texts(
      Object.fromEntries(
        Object.entries(call?.inputs ?? {}).flatMap(([name, input]) =>
          input.default === undefined ? [] : [[name, input.default]],
        ),
      ),
    ),
    jobs: Object.entries(jobs).map(([id, job]) => readJob(id, job)),
  };
}

function readJob(id: string, job: Yaml): Job {
  refuseOthers(`job ${id}`, job, JOB_KEYS);
  const { name = id, needs = [], environment, env = {}, steps = [], uses, with: inputs = {}, outputs = {} } = job;
  return {
    id,
    name: String(name),
    needs: [needs].flat() as string[],
    environment: environment as string | undefined,
    env: texts(env as Yaml),
    calls: (uses as string | undefined)?.replace('./.github/workflows/', ''),
    inputs: texts(inputs as Yaml),
    outputs: texts(outputs as Yaml),
    steps: (steps as readonly Yaml[]).map((step, at) => {
      refuseOthers(`step ${at + 1} of job ${id}`, step, STEP_KEYS);
      return {
        name: String(step['name'] ?? step['uses'] ?? step['run']),
        id: step['id'] as string | undefined,
        if: step['if'] as string | undefined,
        env: texts((step['env'] ?? {}) as Yaml),
        run: step['run'] as string | undefined,
        uses: step['uses'] as string | undefined,
        limitMinutes: step['timeout-minutes'] as number | undefined,
      };
    }),
  };
}

function refuseOthers(where: string, given: Yaml, known: readonly string[]): void {
  const other = Object.keys(given).find((key) => !known.includes(key));
  if (other !== undefined) throw new Error(`${where}: the rehearsal does not know "${other}"`);
}

const texts = (values: Yaml): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
