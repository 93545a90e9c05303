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

interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly uses?: string;
        readonly needs?: string;
        readonly environment?: string;
        readonly permissions?: unknown;
        readonly steps?: readonly { readonly uses?: string; readonly run?: string; readonly env?: object }[];
      }
    >
  >;
}
const workflow = async (name: string): Promise<Workflow> => parse(await read(name)) as Workflow;
const scripts = ({ jobs }: Workflow): string =>
  Object.values(jobs)
    .flatMap(({ steps = [] }) => steps.flatMap((step) => step.run ?? []))
    .join('\n');

describe('the workflows of this repository', () => {
  it.each(files)("%s is accepted by GitHub's own parser and by action-validator", async (name) => {
    const { errors, jobs } = await parseGitHubWorkflow(await read(name), FOLDER);
    expect(errors).toEqual([]);
    expect(jobs).toEqual(name === 'release.yml' ? ['ci', 'publish'] : ['all']);
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

describe('the release', () => {
  it('publishes after CI, in an environment of its own, and that job alone may prove where it ran', async () => {
    const { jobs } = await workflow('release.yml');
    expect(jobs['ci']).toEqual({ uses: './.github/workflows/ci.yml' });
    expect(jobs['publish']).toMatchObject({
      needs: 'ci',
      environment: 'npm',
      permissions: { contents: 'read', 'id-token': 'write' },
    });
  });

  it('gives the token of npm to one step, which runs the script that the release check runs', async () => {
    const { jobs } = await workflow('release.yml');
    const holders = (jobs['publish']?.steps ?? []).filter((step) => step.env !== undefined);
    expect(holders.map((step) => step.env)).toEqual([
      { NODE_AUTH_TOKEN: expect.stringContaining('secrets.NPM_TOKEN') },
    ]);
    expect(holders[0]?.run?.trim()).toMatch(/ run release$/);
    const root = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as {
      scripts: Record<string, string>;
    };
    expect(root.scripts['release']).toMatch(/^pnpm -r --filter=\.\/packages\/\* publish /);
  });
});
