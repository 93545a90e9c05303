import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fill, runs, type Scope } from '../src/rollout/expressions.ts';
import { type PlayedJob, playWorkflow } from '../src/rollout/play-workflow.ts';
import { readWorkflow } from '../src/rollout/workflow.ts';
import {
  askedIn,
  BEFORE,
  createFakePrograms,
  ENDINGS,
  type Given,
  NO_WAY_BACK,
  NOT_PROVED,
  PIPELINE,
  SERVES,
} from './fake-programs.ts';

const WORKFLOWS = join(PIPELINE, 'github');
const read = (name: string): Promise<string> => readFile(join(WORKFLOWS, name), 'utf8');

describe('readWorkflow()', () => {
  it('reads the regions in order, one approval, and that nothing is cancelled', async () => {
    const { concurrency, jobs } = readWorkflow(await read('rollout.yml'));
    expect(concurrency).toEqual({ group: 'rollout-production', cancels: false });
    expect(jobs.map(({ id, needs, environment }) => [id, needs, environment])).toEqual([
      ['approve', [], 'production-approval'],
      ['order', ['approve'], 'production'],
      ['first', ['order'], undefined],
      ['second', ['order', 'first'], undefined],
      ['third', ['order', 'second'], undefined],
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
  const scope = (status: Scope['status']): Scope => ({
    inputs: { region: 'eu-west-1' },
    secrets: { TOKEN: 's' },
    needs: { order: { first: 'us-east-1' } },
    steps: new Map([['deploy', { outcome: 'skipped', outputs: { version: '1' } }]]),
    status,
  });

  it('are filled, and an unknown one is refused', () => {
    const text = `\${{ inputs.region }} \${{secrets.TOKEN}} \${{ steps.deploy.outputs.version }} \${{ needs.order.outputs.first }}`;
    expect(fill(text, scope('success'))).toBe('eu-west-1 s 1 us-east-1');
    expect(() => fill(`\${{ github.sha }}`, scope('success'))).toThrow('github');
  });

  it.each<[string | undefined, Scope['status'], boolean]>([
    [undefined, 'success', true],
    [undefined, 'failure', false],
    [undefined, 'cancelled', false],
    [`\${{ always() }}`, 'cancelled', true],
    [`\${{ failure() }}`, 'success', false],
    [`\${{ failure() }}`, 'cancelled', false],
    [`\${{ failure() || cancelled() }}`, 'cancelled', true],
    [`\${{ steps.deploy.outcome == 'skipped' }}`, 'failure', false],
    [`\${{ (failure() || cancelled()) && steps.deploy.outcome != 'skipped' }}`, 'failure', false],
    [`\${{ (failure() || cancelled()) && steps.deploy.outcome != 'success' }}`, 'failure', true],
  ])('%s after %s: runs %s', (condition, status, expected) => {
    expect(runs(condition, scope(status))).toBe(expected);
  });

  it('of a condition that is not known are refused', () => {
    expect(() => runs(`\${{ hashFiles('a') != '' }}`, scope('failure'))).toThrow('hashFiles');
  });
});

describe('a step', () => {
  it('that takes longer than its limit has failed, and its programs are ended', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'regionkit-limit-'));
    await writeFile(
      join(folder, 'slow.yml'),
      "on: {}\njobs: { a: { steps: [{ run: 'sleep 600', timeout-minutes: 0.001 }, { run: echo back, if: failure() }] } }",
    );
    const [job] = await playWorkflow({
      folder,
      file: 'slow.yml',
      inputs: {},
      overrides: {},
      secrets: {},
      directory: folder,
      environment: process.env,
      tell: () => {},
    });
    await rm(folder, { recursive: true });
    expect(job?.steps.map(({ outcome }) => outcome)).toEqual(['failure', 'success']);
  });
});

describe('the steps of the pipeline, with programs that only write down what they are asked', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'regionkit-workflow-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** The run is cancelled as soon as a program hangs. */
  async function play(
    given: Given,
  ): Promise<{ readonly jobs: readonly PlayedJob[]; readonly asked: readonly string[] }> {
    const cancel = new AbortController();
    const ended = new AbortController();
    const playing = playWorkflow({
      folder: WORKFLOWS,
      file: 'rollout.yml',
      inputs: { version: '2.0.0' },
      overrides: {},
      secrets: { HEALTH_TOKEN: 'h', DATABASE_URLS: '{}' },
      directory,
      environment: await createFakePrograms(directory, given),
      tell: () => {},
      cancel: cancel.signal,
    }).finally(() => ended.abort());
    while (!ended.signal.aborted && !existsSync(join(directory, 'hangs'))) await pause(10);
    cancel.abort();
    return { jobs: await playing, asked: await askedIn(directory) };
  }
  const outcomes = (jobs: readonly PlayedJob[]): string => jobs.map(({ outcome }) => outcome).join(' ');
  const STOPPED = 'success success failure skipped skipped';

  it.each([
    ['us-east-1', ['us-east-1', 'eu-west-1', 'ap-southeast-1']],
    ['eu-west-1', ['eu-west-1', 'us-east-1', 'ap-southeast-1']],
  ])('with the primary in %s a good version goes there first, and nothing goes back', async (primary, order) => {
    const { jobs, asked } = await play({ primary });
    expect(outcomes(jobs)).toBe('success success success success success');
    expect(asked.filter((line) => line.includes(': deploy '))).toEqual(
      order.map((region) => `${region}: deploy 2.0.0`),
    );
    expect(asked.filter((line) => line.includes('1.0.0'))).toEqual([]);
  });

  it.each(ENDINGS)(
    '%s that fails stops in the first region, and goes back as far as it came',
    async (_, at, expected) => {
      const { jobs, asked } = await play({ broken: at });
      expect(outcomes(jobs)).toBe(STOPPED);
      expect(asked).toEqual(expected);
    },
  );

  it.each(ENDINGS)('%s that is cancelled goes back as far as it came, too', async (_, at, expected) => {
    const { jobs, asked } = await play({ hangs: at });
    expect(outcomes(jobs)).toBe('success success cancelled skipped skipped');
    expect(asked).toEqual(expected);
  });

  it('nothing begins if a server did not answer, although the primary is named', async () => {
    const { jobs, asked } = await play({ broken: 'status' });
    expect(outcomes(jobs)).toBe('success failure skipped skipped skipped');
    expect(asked).toEqual([]);
  });

  it.each(NO_WAY_BACK)('a previous version that %s stops before anything is changed', async (_, version) => {
    const { jobs, asked } = await play({ version });
    expect(outcomes(jobs)).toBe(STOPPED);
    expect(asked).toEqual([]);
  });

  it('without its packages nothing is asked of the registry: a job whose `npm ci` failed ends', async () => {
    const { jobs, asked } = await play({ broken: 'npm us-east-1: ci' });
    expect(outcomes(jobs)).toBe(STOPPED);
    expect(asked).toEqual([]);
  });

  it('a later region that fails keeps the migration: the first region runs the new version on it', async () => {
    const { jobs, asked } = await play({ broken: 'eu-west-1: deploy 2.0.0' });
    expect(outcomes(jobs)).toBe('success success success failure skipped');
    expect(asked.filter((line) => line.includes('1.0.0'))).toEqual([
      'eu-west-1: deploy 1.0.0',
      'eu-west-1: smoke-test --region eu-west-1 --expect-version 1.0.0 --path /smoke',
    ]);
  });

  it.each(NOT_PROVED)('keeps a migration that the version was not deployed on, if %s', async (_, version) => {
    const { jobs, asked } = await play({ broken: 'smoke-test --path', version });
    expect(outcomes(jobs)).toBe(STOPPED);
    expect(asked).toEqual([...BEFORE, SERVES]);
  });

  it('tells a person that the migration stays, when clients may have written with the new version', async () => {
    const { jobs } = await play({ broken: 'observe' });
    const steps = jobs.find(({ id }) => id === 'first')?.steps ?? [];
    expect(steps.find(({ name }) => name === 'Undo the migration')?.outcome).toBe('skipped');
    expect(steps.find(({ name }) => name === 'Say that a migration stays')?.output).toContain(
      'Clients may have written with 2.0.0',
    );
  });
});
