import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseGitHubWorkflow } from '../check/parse-workflow.ts';

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL('../../.github/workflows/', import.meta.url));
const files = (await readdir(FOLDER)).sort();
const read = (name: string): Promise<string> => readFile(`${FOLDER}${name}`, 'utf8');

interface Step {
  readonly uses?: string;
  readonly with?: object;
  readonly run?: string;
  readonly env?: object;
}
interface Job {
  readonly uses?: string;
  readonly needs?: string;
  readonly environment?: string;
  readonly permissions?: unknown;
  readonly steps?: readonly Step[];
}
interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}
const workflow = async (name: string): Promise<Workflow> => parse(await read(name)) as Workflow;
const scripts = ({ jobs }: Workflow): string =>
  Object.values(jobs)
    .flatMap(({ steps = [] }) => steps.flatMap((step) => step.run ?? []))
    .join('\n');

const actionsOf = (job: Job | undefined): readonly string[] =>
  (job?.steps ?? []).flatMap(({ uses }) => uses?.split('@')[0] ?? []);

describe('the workflows of this repository', () => {
  it.each(files)("%s is accepted by GitHub's own parser and by action-validator", async (name) => {
    const { errors, jobs } = await parseGitHubWorkflow(await read(name), FOLDER);
    expect(errors).toEqual([]);
    expect(jobs).toEqual(name === 'release.yml' ? ['ci', 'pack', 'publish'] : ['all']);
    await run('npx', ['--no-install', 'action-validator', `${FOLDER}${name}`], {
      cwd: fileURLToPath(new URL('../', import.meta.url)),
    });
  });

  it.each(files)('%s may only read, and uses only the actions of GitHub itself', async (name) => {
    const { permissions, jobs } = await workflow(name);
    expect(permissions).toEqual({ contents: 'read' });
    const used = Object.values(jobs).flatMap(({ uses, steps = [] }) => [uses, ...steps.map((step) => step.uses)]);
    expect(used.filter((action) => action !== undefined && !/^(?:actions\/|\.\/)/.test(action))).toEqual([]);
  });

  it('CI runs the whole of what must hold', async () => {
    expect(scripts(await workflow('ci.yml'))).toBe('bash .ci/run');
  });
});

const { jobs } = await workflow('release.yml');

describe('the release', () => {
  const { pack, publish } = jobs;

  it('publishes after CI, in an environment of its own, and that job alone may prove where it ran', () => {
    expect(jobs['ci']).toEqual({ uses: './.github/workflows/ci.yml' });
    expect(pack).toMatchObject({ needs: 'ci' });
    expect(publish).toMatchObject({
      needs: 'pack',
      environment: 'npm',
      permissions: { contents: 'read', 'id-token': 'write' },
    });
    expect([jobs['ci'], pack].map((job) => [job?.permissions, job?.environment])).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
  });

  // GitHub gives the identity to a job, not to a step: each program of that job could publish with it.
  it('builds in a job that has no token, and in the job that has it runs nothing of a dependency', () => {
    expect(actionsOf(pack)).toEqual(['actions/checkout', 'actions/setup-node', 'actions/upload-artifact']);
    expect(actionsOf(publish)).toEqual(['actions/checkout', 'actions/setup-node', 'actions/download-artifact']);
    expect(publish?.steps?.flatMap(({ run: script }) => script?.trim().split('\n') ?? [])).toEqual([
      expect.stringMatching(/^npm config set "[^"]+:_authToken" '\$\{NODE_AUTH_TOKEN\}'$/),
      'node tools/release/publish.ts "$RUNNER_TEMP/tarballs" --provenance',
    ]);
    // Nothing comes from a cache that other jobs can write.
    expect(publish?.steps?.find(({ uses }) => uses?.includes('setup-node'))?.with).toMatchObject({
      'package-manager-cache': false,
    });
  });

  it('packs by the script that the release check plays, and hands over the tarballs alone', async () => {
    const root = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(root.scripts['tarballs']).toMatch(/ pack --pack-destination$/);
    expect(pack?.steps?.at(-2)?.run?.trim()).toMatch(/\n *pnpm tarballs "\$RUNNER_TEMP\/tarballs"$/);
    expect(pack?.steps?.at(-1)?.with).toEqual({
      name: 'tarballs',
      path: expect.stringMatching(/^\$\{\{ runner\.temp \}\}\/tarballs\/\*\.tgz$/),
      'if-no-files-found': 'error',
    });
    expect(publish?.steps?.[2]?.with).toEqual({
      name: 'tarballs',
      path: expect.stringMatching(/^\$\{\{ runner\.temp \}\}\/tarballs$/),
    });
  });

  it('gives the token of npm to one step', () => {
    const holders = Object.values(jobs).flatMap(({ steps = [] }) => steps.filter((step) => step.env !== undefined));
    expect(holders.map((step) => step.env)).toEqual([
      { NODE_AUTH_TOKEN: expect.stringContaining('secrets.NPM_TOKEN') },
    ]);
    expect(holders).toEqual([publish?.steps?.at(-1)]);
  });
});
