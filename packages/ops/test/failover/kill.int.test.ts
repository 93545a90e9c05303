import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../src/failover/plan.ts';
import { stepsOf } from '../../src/failover/steps.ts';
import { lastRun, start, untilBegun } from './child.ts';
import { proposal } from './fixtures.ts';
import { createSetup, type Name, rejoinAll, type Setup, writersOf } from './lab-setup.ts';

let setup: Setup;
let primary: Name = 'us';

beforeAll(async () => {
  setup = await createSetup();
  // A hook that takes a while, so that the command can be killed while it runs.
  const hook = join(setup.directory, 'hook.mjs');
  await writeFile(hook, 'setTimeout(() => {}, 300);');
  const command = [{ command: [process.execPath, hook] }];
  await setup.configure({ failover: { hooks: { pause: command, resume: command, told: command } } });
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

const next = (name: Name): Name => ({ us: 'eu', eu: 'ap', ap: 'us' })[name] as Name;

/** Begins a run in a process of its own, sends it a signal in a step, and goes on with it. */
async function interrupt(mode: 'failover' | 'switchover', step: string, signal: 'SIGKILL' | 'SIGINT'): Promise<void> {
  const { lab } = setup;
  const [from, to] = [primary, next(primary)];
  const before = await lastRun(setup);
  const timeline = await lab.region(from).timeline();
  if (mode === 'failover') await lab.region(from).kill();
  const options = ['--from', from, '--to', to, '--mode', mode, '--stable', '500ms', '--accept-loss', 'unknown'];
  const command = start(setup, 'failover', 'run', '--execute', ...options, '--json');
  await untilBegun(setup, command, before?.id, step);
  command.process.kill(signal);
  const ended = await command.ended;
  if (signal === 'SIGKILL') expect(ended.by).toBe('SIGKILL');
  else if (ended.code !== 0) {
    expect(ended.code, ended.stdout + ended.stderr).toBe(130);
    expect(ended.stdout).toContain('regionkit failover resume --run');
    expect(ended.stderr).toBe('');
  }
  if (ended.code !== 0) {
    const resumed = await setup.ops('failover', 'resume', '--execute');
    expect(resumed.exit, resumed.stdout + resumed.stderr).toBe(0);
  }

  const run = await lastRun(setup);
  expect(run?.id).not.toBe(before?.id);
  expect(run?.lines.at(-1)).toMatchObject({ step: 'end', state: 'done' });
  expect(await lab.region(to).timeline()).toBe(timeline + 1);
  const writers = await writersOf(setup);
  expect(writers.filter((name) => name !== from)).toEqual([to]);
  // The app writes to the new primary, and not to the old one.
  await lab.region(to).pool({ max: 1 }).query('CREATE TABLE IF NOT EXISTS t (x int)');
  if (writers.includes(from)) {
    await expect(lab.region(from).pool({ max: 1 }).query('SELECT 1')).rejects.toMatchObject({ code: '28000' });
  }
  const rows = await lab.region(to).query(`SELECT id FROM regionkit.smoke WHERE id = 'failover/${run?.id}'`);
  expect(rows).toHaveLength(1);
  const again = await setup.ops('failover', 'resume', '--execute', '--run', run?.id as string);
  expect(again.exit).toBe(2);

  await rejoinAll(setup, to);
  primary = to;
}

/** Every step in CI; an ordinary run, which must not take long, takes those in which most is under way. */
const isWhole = process.env['REGIONKIT_WHOLE'] === '1';
const QUICK = ['fence', 'promote'];
const every = (steps: readonly string[]): readonly string[] =>
  isWhole ? steps : steps.filter((name) => QUICK.includes(name));
const SWITCHOVER = every(stepsOf(proposal({ mode: 'switchover' }) as Plan).map(({ name }) => name));

describe('regionkit failover that is killed (SIGKILL)', () => {
  for (const step of SWITCHOVER) {
    it(`in ${step} of a switchover: resume ends right`, () => interrupt('switchover', step, 'SIGKILL'));
  }
  for (const step of every(['confirm', 'fence', 'loss', 'promote', 'write', 'fork'])) {
    it(`in ${step} of a failover: resume ends right`, () => interrupt('failover', step, 'SIGKILL'));
  }
});

describe('regionkit failover that gets SIGINT', () => {
  for (const step of SWITCHOVER) {
    it(`in ${step} of a switchover: ends with 130 and says how to go on`, () =>
      interrupt('switchover', step, 'SIGINT'));
  }
  for (const step of every(['fence', 'promote', 'fork'])) {
    it(`in ${step} of a failover: ends with 130 and says how to go on`, () => interrupt('failover', step, 'SIGINT'));
  }
});
