import { parse } from 'yaml';

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly 'timeout-minutes'?: number;
}
interface Job {
  readonly uses?: string;
  readonly env?: Readonly<Record<string, unknown>>;
  readonly steps?: readonly Step[];
  readonly 'timeout-minutes'?: number;
}
interface Workflow {
  readonly permissions?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

interface Rule {
  readonly id: string;
  readonly broken: (job: Job, workflow: Workflow) => boolean;
}

const steps = (job: Job): readonly Step[] => job.steps ?? [];
const scripts = (job: Job): readonly string[] => steps(job).flatMap(({ run }) => run ?? []);

/** What GitHub's parser accepts, and a rollout does not survive. */
const RULES: readonly Rule[] = [
  {
    id: 'action-by-tag',
    broken: (job) => [job, ...steps(job)].some(({ uses }) => uses !== undefined && !/^\.\/|@[0-9a-f]{40}$/.test(uses)),
  },
  {
    id: 'rights-of-every-job',
    broken: (_, { permissions }) => JSON.stringify(permissions) !== '{}',
  },
  {
    id: 'secret-of-the-job',
    broken: ({ env = {} }) => Object.values(env).some((value) => String(value).includes('secrets.')),
  },
  {
    id: 'scripts-of-packages',
    broken: (job) => scripts(job).some((script) => /\bnpm (?:ci|i|install)\b(?!.*--ignore-scripts)/.test(script)),
  },
  {
    id: 'npx-from-the-registry',
    broken: (job) => scripts(job).some((script) => /\bnpx (?!--no )/.test(script)),
  },
  {
    // An assignment fails with its command. An argument does not: `echo "version=$(false)"` succeeds.
    id: 'failure-in-an-argument',
    broken: (job) => scripts(job).some((script) => /^\s*(?!\w+="?\$\()\w[^\n]*\$\(/m.test(script)),
  },
  {
    id: 'failure-without-cancelled',
    broken: (job) =>
      steps(job).some(({ if: condition = '' }) => /failure\(\)/.test(condition) && !/cancelled\(\)/.test(condition)),
  },
  {
    // At the limit of the job there are only five minutes for the way back.
    id: 'limits-of-steps',
    broken: (job) => {
      const limits = steps(job).map((step) => step['timeout-minutes'] ?? Number.POSITIVE_INFINITY);
      return limits.length > 1 && limits.reduce((sum, limit) => sum + limit, 0) > (job['timeout-minutes'] ?? 360);
    },
  },
];

export const WORKFLOW_RULE_IDS: readonly string[] = RULES.map(({ id }) => id);

/** Each rule that a workflow breaks, and the job in which. */
export function lintWorkflow(text: string): readonly string[] {
  const workflow = parse(text) as Workflow;
  return Object.entries(workflow.jobs).flatMap(([id, job]) =>
    RULES.filter(({ broken }) => broken(job, workflow)).map((rule) => `${rule.id} ${id}`),
  );
}
