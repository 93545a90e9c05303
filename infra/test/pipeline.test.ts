import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseGitHubWorkflow } from '../check/parse-workflow.ts';

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL('../pipeline/github/', import.meta.url));
const files = (await readdir(FOLDER)).sort();
const read = (name: string): Promise<string> => readFile(`${FOLDER}${name}`, 'utf8');
describe('the workflows for GitHub', () => {
  it.each(files)("%s is accepted by GitHub's own parser and by action-validator", async (name) => {
    const { errors, jobs } = await parseGitHubWorkflow(await read(name), FOLDER);
    expect(errors).toEqual([]);
    expect(jobs).toEqual(name === 'rollout.yml' ? ['approve', 'us-east-1', 'eu-west-1', 'ap-southeast-1'] : ['region']);
    await run('npx', ['--no-install', 'action-validator', `${FOLDER}${name}`], {
      cwd: fileURLToPath(new URL('../', import.meta.url)),
    });
  });

  it.each<[string, string, string]>([
    ['an input that the other workflow does not have', 'version: ', 'release: '],
    ['a job that is not there', 'needs: approve', 'needs: approved'],
    ['a key that GitHub does not know', 'cancel-in-progress', 'cancel-running'],
  ])('%s is refused', async (_, right, wrong) => {
    const content = await read('rollout.yml');
    const at = content.lastIndexOf(right);
    expect(at).toBeGreaterThan(0);
    const { errors } = await parseGitHubWorkflow(
      content.slice(0, at) + content.slice(at).replace(right, wrong),
      FOLDER,
    );
    expect(errors).not.toEqual([]);
  });
});

describe('the page for GitLab', () => {
  it('has the scripts of the workflow for GitHub, in their order', async () => {
    const page = await readFile(fileURLToPath(new URL('../pipeline/gitlab.md', import.meta.url)), 'utf8');
    const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    const gitlab = parse(yaml) as Readonly<
      Record<string, { script: string[]; after_script: string[]; needs: string[] }>
    >;
    const github = parse(await read('rollout-region.yml')) as {
      jobs: { region: { steps: { run?: string; if?: string }[] } };
    };
    const steps = github.jobs.region.steps.filter(({ run: script }) => script !== undefined);
    const scripts = (after: boolean): (string | undefined)[] =>
      steps
        .filter((step) => (step.if !== undefined) === after)
        .map((step) => step.run?.replace('$GITHUB_OUTPUT', 'previous.env').replace('"previous.env"', 'previous.env'));
    expect(gitlab['.region']?.script).toEqual(scripts(false));
    expect(gitlab['.region']?.after_script.slice(2)).toEqual(scripts(true));
    expect(['us-east-1', 'eu-west-1', 'ap-southeast-1'].map((name) => gitlab[name]?.needs)).toEqual([
      ['approve'],
      ['us-east-1'],
      ['eu-west-1'],
    ]);
  });
});
