import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Evidence, RunLine } from '../../src/failover/run-file/line.ts';
import { type Ran, run } from '../run.ts';
import { proposal } from './fixtures.ts';

const ID = '20200101-000000-0000';
const line = (step: string, state: RunLine['state'], evidence: Partial<Evidence> = {}): RunLine => ({
  ...{ step, state, atMs: 1 },
  evidence: { says: 'x', ...evidence },
});
const PLAN = line('plan', 'done', { plan: proposal() });

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'regionkit-journal-'));
  await mkdir(join(directory, 'runs'));
  const region = (name: string) => ({ databases: [`postgresql://ops@127.0.0.1:1/${name}`] });
  const config = { regions: { us: region('us'), eu: region('eu') } };
  await writeFile(join(directory, 'regionkit.config.json'), JSON.stringify(config));
});
afterEach(() => rm(directory, { recursive: true }));

const path = (): string => join(directory, 'runs', `${ID}.ndjson`);
async function failover(verb: string, lines: readonly RunLine[], ...args: string[]): Promise<Ran> {
  await writeFile(path(), lines.map((one) => `${JSON.stringify(one)}\n`).join(''));
  return run(['failover', verb, '--run', ID, ...args, '--json'], { directory });
}

/** Another configuration, a hand that has edited it, a disk that has failed. Each ends with a clear line, and no stack. */
it.each<[string, string, readonly RunLine[], number, RegExp]>([
  [
    'abort: its fence was on a server that is not in the configuration',
    'abort',
    [PLAN, line('fence', 'started', { revokes: { 'zz/9': ['app'] } })],
    5,
    /zz\/9 is not in the configuration/,
  ],
  [
    'abort: roles that are no list',
    'abort',
    [PLAN, line('fence', 'started', { revokes: { 'us/0': 'app' } })],
    0,
    /Given up/,
  ],
  [
    'resume: a target that is not in the configuration',
    'resume',
    [line('plan', 'done', { plan: proposal({ target: 'zz/0' }) })],
    2,
    /another configuration/,
  ],
  [
    'resume: a region that is not in the configuration',
    'resume',
    [line('plan', 'done', { plan: proposal({ from: 'zz' }) })],
    2,
    /another configuration/,
  ],
  [
    'resume: a plan without its accepted loss',
    'resume',
    [line('plan', 'done', { plan: { ...proposal(), acceptLoss: undefined } })],
    2,
    /has no plan/,
  ],
  [
    'resume: facts of no shape',
    'resume',
    [PLAN, line('confirm', 'done', { loss: 'x' }), line('said', 'done', { id: 7 })],
    4,
    /Nothing was changed/,
  ],
  [
    'abort: after a veto just before the promotion, which was not asked for',
    'abort',
    [PLAN, line('promote', 'started'), line('promote', 'refused')],
    0,
    /Given up/,
  ],
  [
    'abort: after a promotion that was asked for, and a veto when it was asked for again',
    'abort',
    [PLAN, line('promote', 'started'), line('promote', 'started'), line('promote', 'refused')],
    4,
    /cannot be taken back/,
  ],
  ['abort: after the promotion was begun', 'abort', [PLAN, line('promote', 'started')], 4, /cannot be taken back/],
])('%s', async (_, verb, lines, exit, says) => {
  const ran = await failover(verb, lines, '--execute');
  expect(ran.exit, ran.stdout + ran.stderr).toBe(exit);
  expect(ran.stdout + ran.stderr).toMatch(says);
  expect(ran.stdout + ran.stderr).not.toMatch(/an error of regionkit itself|\n\s+at /);
});

it('shows a confirmed run without --execute, and changes nothing', async () => {
  const ran = await failover('run', [PLAN, line('confirm', 'done')]);
  expect(ran.exit, ran.stderr).toBe(0);
  const states = ran.records.flatMap((one) => (one.type === 'step' ? [`${one.name} ${one.state}`] : []));
  expect(states).toEqual(expect.arrayContaining(['confirm done', 'promote planned']));
  expect((await readFile(path(), 'utf8')).trimEnd().split('\n')).toHaveLength(2);
});
