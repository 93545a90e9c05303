import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import {
  askedIn,
  BEFORE,
  createFakePrograms,
  ENDINGS,
  type Given,
  NO_WAY_BACK,
  NOT_PROVED,
  PIPELINE,
} from './fake-programs.ts';

interface Job {
  readonly script: readonly string[];
  readonly after_script: readonly string[];
  readonly needs: readonly string[];
  readonly timeout: string;
  readonly variables: Readonly<Record<string, string>>;
}

const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(await readFile(join(PIPELINE, 'gitlab.md'), 'utf8')) ?? [];
const { variables, order, ...jobs } = parse(yaml) as Readonly<Record<string, Job>>;
const region = jobs['.region'] as Job;

describe('the scripts of the page for GitLab', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'regionkit-gitlab-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** Plays the job `order` and the one of the first region, as a runner does: a shell for `script`, and one for `after_script`. */
  async function play(
    given: Given,
  ): Promise<{ readonly ok: boolean; readonly asked: readonly string[]; readonly said: string }> {
    const programs = await createFakePrograms(directory, given);
    const run = (script: readonly string[], status: string) =>
      spawnSync('bash', ['-eo', 'pipefail', '-c', script.join('\n')], {
        cwd: directory,
        env: { ...programs, ...(variables as object), VERSION: '2.0.0', TURN: 'first', CI_JOB_STATUS: status },
        encoding: 'utf8',
      });
    expect(run(order?.script ?? [], 'running')).toMatchObject({ status: 0, stderr: '' });
    const ok = run(region.script, 'running').status === 0;
    const after = run(region.after_script, ok ? 'success' : 'failed');
    return { ok, asked: await askedIn(directory), said: `${after.stdout}${after.stderr}` };
  }

  it.each(['us-east-1', 'eu-west-1'])('go first to %s if it has the primary', async (primary) => {
    const { ok, asked } = await play({ primary });
    expect(ok).toBe(true);
    expect(asked).toContain(`${primary}: deploy 2.0.0`);
    expect(asked.join()).not.toContain('1.0.0');
  });

  it.each(ENDINGS)('go back after %s that failed, as those for GitHub', async (_, at, expected) => {
    const { ok, asked } = await play({ broken: at });
    expect(ok).toBe(false);
    expect(asked).toEqual(expected);
  });

  it.each(NO_WAY_BACK)('stop before anything is changed, if the previous version %s', async (_, version) => {
    const { ok, asked } = await play({ version });
    expect(ok).toBe(false);
    expect(asked).toEqual([]);
  });

  it('ask nothing of the registry after an `npm ci` that failed', async () => {
    expect(await play({ broken: 'npm us-east-1: ci' })).toMatchObject({ ok: false, asked: [] });
  });

  it.each(NOT_PROVED)('keep a migration that the version was not deployed on, if %s', async (_, version) => {
    const { asked } = await play({ broken: 'smoke-test --path', version });
    expect(asked).toEqual(BEFORE);
  });

  it('tell a person that the migration stays, when clients may have written with the new version', async () => {
    expect((await play({ broken: 'observe' })).said).toContain('Clients may have written with 2.0.0');
  });
});

describe('the jobs of the page for GitLab', () => {
  it('run one region after the other', () => {
    expect(order?.needs).toEqual(['approve']);
    expect(['first', 'second', 'third'].map((turn) => [jobs[turn]?.variables['TURN'], jobs[turn]?.needs])).toEqual([
      ['first', ['order']],
      ['second', ['order', 'first']],
      ['third', ['order', 'second']],
    ]);
  });

  it('leave time for the way back: the limits of both scripts are less than the limit of the job', () => {
    const minutes = (text = ''): number => {
      const [, value = '', unit = ''] = /^(\d+) ?(h|m)/.exec(text) ?? [];
      return Number(value) * (unit === 'h' ? 60 : 1);
    };
    const { RUNNER_SCRIPT_TIMEOUT: script, RUNNER_AFTER_SCRIPT_TIMEOUT: after } = region.variables;
    expect(minutes(after)).toBeGreaterThan(5);
    expect(minutes(script) + minutes(after)).toBeLessThan(minutes(region.timeout));
  });
});
