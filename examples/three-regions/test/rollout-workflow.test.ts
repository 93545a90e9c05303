import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fill, runs, type Scope } from '../src/rollout/expressions.ts';
import { type PlayedJob, playWorkflow } from '../src/rollout/play-workflow.ts';
import { readWorkflow } from '../src/rollout/workflow.ts';

const WORKFLOWS = fileURLToPath(new URL('../../../infra/pipeline/github/', import.meta.url));
const read = (name: string): Promise<string> => readFile(`${WORKFLOWS}${name}`, 'utf8');

describe('readWorkflow()', () => {
  it('reads the regions in order, one approval, and that nothing is cancelled', async () => {
    const { concurrency, jobs } = readWorkflow(await read('rollout.yml'));
    expect(concurrency).toEqual({ group: 'rollout-production', cancels: false });
    expect(jobs.map(({ id, needs, environment }) => [id, needs, environment])).toEqual([
      ['approve', [], 'production-approval'],
      ['us-east-1', ['approve'], undefined],
      ['eu-west-1', ['us-east-1'], undefined],
      ['ap-southeast-1', ['eu-west-1'], undefined],
    ]);
  });

  it('observes for five minutes unless it is told otherwise', async () => {
    expect(readWorkflow(await read('rollout-region.yml')).defaults).toMatchObject({
      observe: '5m',
      'min-samples': '200',
    });
  });

  it.each([
    ['strategy', 'on: {}\njobs: { a: { strategy: {}, steps: [] } }'],
    ['continue-on-error', 'on: {}\njobs: { a: { steps: [{ run: x, continue-on-error: true }] } }'],
  ])('refuses what it does not play: %s', (key, text) => {
    expect(() => readWorkflow(text)).toThrow(`the rehearsal does not know "${key}"`);
  });
});

describe('expressions', () => {
  const scope = (failed: boolean): Scope => ({
    inputs: { region: 'eu-west-1' },
    secrets: { TOKEN: 's' },
    steps: new Map([['deploy', { outcome: 'skipped', outputs: { version: '1' } }]]),
    failed,
  });

  it('are filled, and an unknown one is refused', () => {
    expect(fill(`\${{ inputs.region }} \${{secrets.TOKEN}} \${{ steps.deploy.outputs.version }}`, scope(false))).toBe(
      'eu-west-1 s 1',
    );
    expect(() => fill(`\${{ github.sha }}`, scope(false))).toThrow('github.sha');
  });

  it.each<[string | undefined, boolean, boolean]>([
    [undefined, false, true],
    [undefined, true, false],
    [`\${{ always() }}`, true, true],
    [`\${{ failure() }}`, false, false],
    [`\${{ failure() && steps.deploy.outcome != 'skipped' }}`, true, false],
    [`\${{ failure() && steps.deploy.outcome != 'success' }}`, true, true],
  ])('%s, failed %s: runs %s', (condition, failed, expected) => {
    expect(runs(condition, scope(failed))).toBe(expected);
  });

  it('of a condition that is not known are refused', () => {
    expect(() => runs(`\${{ cancelled() }}`, scope(true))).toThrow('does not know');
  });
});

describe('the steps of the pipeline, with programs that only write down what they are asked', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'regionkit-workflow-'));
    await mkdir(join(directory, 'bin'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** @param broken a pattern of the order that fails in the new version */
  async function play(
    broken: string,
  ): Promise<{ readonly jobs: readonly PlayedJob[]; readonly asked: readonly string[] }> {
    const program = (name: string, text: string): Promise<void> =>
      writeFile(join(directory, name), `#!/usr/bin/env bash\n${text}\n`, { mode: 0o755 });
    const note = `echo "$asked" >> asked; [[ ! "$asked" =~ $BROKEN ]]`;
    await program('deploy.sh', `[ "$1" = version ] && { echo 1.0.0; exit 0; }\nasked="$REGION: $1 $VERSION"; ${note}`);
    await program('bin/npx', `asked="$REGION: $2 \${*:3}"; ${note}`);
    await program('bin/npm', '[ "$*" = ci ]');
    const jobs = await playWorkflow({
      folder: WORKFLOWS,
      file: 'rollout.yml',
      inputs: { version: '2.0.0' },
      overrides: {},
      secrets: { HEALTH_TOKEN: 'h', DATABASE_URLS: '{}' },
      directory,
      environment: {
        ...process.env,
        PATH: `${join(directory, 'bin')}${delimiter}${process.env['PATH']}`,
        BROKEN: broken,
      },
      tell: () => {},
    });
    const asked = (await readFile(join(directory, 'asked'), 'utf8')).trim().split('\n');
    return { jobs, asked };
  }
  const outcomes = (jobs: readonly PlayedJob[]): string => jobs.map(({ outcome }) => outcome).join(' ');
  const TEST = 'smoke-test --region us-east-1 --expect-version';
  const BEFORE = ['us-east-1: migrate 2.0.0', 'us-east-1: smoke-test --path /smoke'];
  const BACK = ['us-east-1: deploy 1.0.0', 'us-east-1: undo-migration 1.0.0', `us-east-1: ${TEST} 1.0.0 --path /smoke`];
  const SMOKE = `us-east-1: ${TEST} 2.0.0 --path /smoke --junit smoke.xml`;
  const OBSERVE = `us-east-1: ${TEST} 2.0.0 --path /smoke --observe 5m --interval 500ms --min-samples 200 --failure-limit 2 --junit observe.xml`;

  it('a good version goes to each region in turn, and nothing goes back', async () => {
    const { jobs, asked } = await play('nothing is broken');
    expect(outcomes(jobs)).toBe('success success success success');
    expect(asked.filter((line) => line.includes(': deploy '))).toEqual(
      ['us-east-1', 'eu-west-1', 'ap-southeast-1'].map((region) => `${region}: deploy 2.0.0`),
    );
    expect(asked.filter((line) => line.includes('1.0.0'))).toEqual([]);
  });

  it.each<[string, string, readonly string[]]>([
    ['a migration that fails', 'migrate 2.0.0', ['us-east-1: migrate 2.0.0', ...BACK.slice(1)]],
    ['a migration that the previous version cannot live with', 'smoke-test --path', [...BEFORE, ...BACK.slice(1)]],
    ['a version that does not start', 'deploy 2.0.0', [...BEFORE, 'us-east-1: deploy 2.0.0', ...BACK]],
    ['a smoke test that fails', 'smoke.xml', [...BEFORE, 'us-east-1: deploy 2.0.0', SMOKE, ...BACK]],
    ['an observation that fails', 'observe', [...BEFORE, 'us-east-1: deploy 2.0.0', SMOKE, OBSERVE, ...BACK]],
  ])('%s stops in the first region, and goes back as far as it came', async (_, broken, expected) => {
    const { jobs, asked } = await play(broken);
    expect(outcomes(jobs)).toBe('success failure skipped skipped');
    expect(asked).toEqual(expected);
  });

  it('a later region that fails keeps the migration: the first region runs the new version on it', async () => {
    const { jobs, asked } = await play('eu-west-1: deploy 2.0.0');
    expect(outcomes(jobs)).toBe('success success failure skipped');
    expect(asked.filter((line) => line.includes('1.0.0'))).toEqual([
      'eu-west-1: deploy 1.0.0',
      'eu-west-1: smoke-test --region eu-west-1 --expect-version 1.0.0 --path /smoke',
    ]);
  });

  it('keeps the migration if the previous version could not be deployed again: the new version still runs', async () => {
    const { asked } = await play('deploy [12]');
    expect(asked.filter((line) => line.includes('undo-migration'))).toEqual([]);
  });

  it('gives no secret to the scripts of installed packages', async () => {
    const [region] = readWorkflow(await read('rollout-region.yml')).jobs;
    const install = region?.steps.find(({ run }) => run === 'npm ci');
    const secrets = Object.entries(region?.env ?? {}).filter(([, value]) => value.includes('secrets.'));
    expect(secrets.length).toBeGreaterThan(0);
    for (const [name] of secrets) expect(install?.env[name]).toBe('');
  });
});
