import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { lintWorkflow, WORKFLOW_RULE_IDS } from '../check/lint/lint-workflow.ts';
import { parseGitHubWorkflow } from '../check/parse-workflow.ts';

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL('../pipeline/github/', import.meta.url));
const files = (await readdir(FOLDER)).sort();
const read = (name: string): Promise<string> => readFile(`${FOLDER}${name}`, 'utf8');
const parsed = (content: string) => parseGitHubWorkflow(content, FOLDER);

describe('the workflows for GitHub', () => {
  it.each(files)("%s is accepted by GitHub's own parser and by action-validator", async (name) => {
    const { errors, jobs } = await parsed(await read(name));
    expect(errors).toEqual([]);
    expect(jobs).toEqual(name === 'rollout.yml' ? ['approve', 'order', 'first', 'second', 'third'] : ['region']);
    await run('npx', ['--no-install', 'action-validator', `${FOLDER}${name}`], {
      cwd: fileURLToPath(new URL('../', import.meta.url)),
    });
  });

  it.each<[string, string, string]>([
    ['an input that the other workflow does not have', 'version: ', 'release: '],
    ['a job that is not there', 'needs: [order, first]', 'needs: [order, one]'],
    ['a key that GitHub does not know', 'cancel-in-progress', 'cancel-running'],
  ])('%s is refused', async (_, right, wrong) => {
    const content = await read('rollout.yml');
    const at = content.lastIndexOf(right);
    expect(at).toBeGreaterThan(0);
    const { errors } = await parsed(content.slice(0, at) + content.slice(at).replace(right, wrong));
    expect(errors).not.toEqual([]);
  });
});

describe('the rights of the workflows', () => {
  it('are those of the cloud only in the jobs of a region, and no job may write to the repository', async () => {
    type Rights = Readonly<Record<string, { readonly permissions?: Readonly<Record<string, string>> }>>;
    const rights = await Promise.all(
      files.map(async (name) => Object.entries((parse(await read(name)) as { jobs: Rights }).jobs)),
    );
    expect(Object.fromEntries(rights.flat().map(([id, { permissions = {} }]) => [id, permissions]))).toEqual({
      approve: {},
      order: { contents: 'read' },
      ...Object.fromEntries(
        ['first', 'second', 'third', 'region'].map((id) => [id, { contents: 'read', 'id-token': 'write' }]),
      ),
    });
  });
});

describe('the lint of workflows', () => {
  it.each(files)('finds nothing in %s', async (name) => {
    expect(lintWorkflow(await read(name))).toEqual([]);
  });

  it("finds each mistake of the fixture, which GitHub's parser accepts", async () => {
    const fixture = await readFile(fileURLToPath(new URL('../fixtures/pipeline/rollout.yml', import.meta.url)), 'utf8');
    expect((await parsed(fixture)).errors).toEqual([]);
    expect([...lintWorkflow(fixture)].sort()).toEqual(WORKFLOW_RULE_IDS.map((id) => `${id} region`).sort());
  });

  it.each([
    ['limits-of-steps region', 'timeout-minutes: 165', 'timeout-minutes: 100'],
    ['limits-of-steps region', '        timeout-minutes: 30\n', ''],
    ['action-by-tag region', /upload-artifact@\w+/, 'upload-artifact@v7'],
    ['failure-without-cancelled region', '(failure() || cancelled())', 'failure()'],
    ['failure-in-an-argument region', 'version=$("$DEPLOY" version)', 'echo "$("$DEPLOY" version)"'],
  ])('finds %s in the workflow for a region, without its mend', async (finding, right, wrong) => {
    const text = await read('rollout-region.yml');
    const changed = text.replace(right, wrong);
    expect(changed).not.toBe(text);
    expect(lintWorkflow(changed)).toEqual([finding]);
  });
});

describe('the page', () => {
  const page = readFile(fileURLToPath(new URL('../pipeline/README.md', import.meta.url)), 'utf8');

  it('has the misses of an observation as they are calculated', async () => {
    /** The probability that at most `limit` of `samples` fail. `runs` handlers of the new version answer one sample. */
    const missed = (samples: number, share: number, runs: number, limit: number): number => {
      const failing = 1 - (1 - share) ** runs;
      let term = (1 - failing) ** samples;
      let sum = term;
      for (let failed = 1; failed <= limit; failed += 1) {
        term *= ((samples - failed + 1) / failed) * (failing / (1 - failing));
        sum += term;
      }
      return sum;
    };
    const says = (chance: number): string =>
      chance < 1e-6 ? 'less than 0.0001 %' : `${Number((chance * 100).toPrecision(2))} %`;
    for (const [samples, share] of [
      [600, 0.02],
      [600, 0.01],
      [200, 0.02],
      [200, 0.01],
    ] as const) {
      const row = [2, 1].map((runs) => says(missed(samples, share, runs, 2)));
      const expected = [2, 1].map((runs) => Math.round(samples * (1 - (1 - share) ** runs)));
      expect(await page).toContain(
        `| ${samples} | ${share * 100} % | ${expected[0]} | ${row[0]} | ${expected[1]} | ${row[1]} |`,
      );
    }
  });

  it("says what GitHub's parser knows of a queue, and what action-validator does not", async () => {
    const text = (await read('rollout.yml')).replace(
      'cancel-in-progress: false',
      'cancel-in-progress: false\n  queue: max',
    );
    expect((await parsed(text)).errors).toEqual([]);
    expect(await page).toContain('`queue: max`');
  });
});
