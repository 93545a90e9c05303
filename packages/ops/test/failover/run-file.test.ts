import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunLine } from '../../src/failover/run-file/line.ts';
import { lockRuns } from '../../src/failover/run-file/lock.ts';
import { parseRun } from '../../src/failover/run-file/parse.ts';
import { readPlanLine } from '../../src/failover/run-file/plan-line.ts';
import { createRunFile, newRunId, openRunFile } from '../../src/failover/run-file/run-file.ts';
import { proposal } from './fixtures.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'regionkit-runs-'));
});
afterEach(() => rm(directory, { recursive: true }));

const ID = '20261130-044510-3f2a';

async function twoLines(): Promise<string> {
  await using file = await createRunFile(directory, ID);
  await file.append('plan', 'done', { says: 'promote eu/0' });
  await file.append('fence', 'started', { says: 'müde 🚧\n' });
  return join(directory, `${ID}.ndjson`);
}

describe('a run file', () => {
  it('is readable by its owner alone', async () => {
    expect((await stat(await twoLines())).mode & 0o777).toBe(0o600);
  });

  it('is a line a step, with state, time and evidence', async () => {
    const text = await readFile(await twoLines(), 'utf8');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines).toEqual([
      { step: 'plan', state: 'done', atMs: expect.any(Number), evidence: { says: 'promote eu/0' } },
      { step: 'fence', state: 'started', atMs: expect.any(Number), evidence: { says: 'müde 🚧\n' } },
    ]);
  });

  it('is the one that was written last, of two that began in the same second', async () => {
    const [later, earlier] = ['20261130-044510-2357', '20261130-044510-af85'];
    for (const [id, writtenMs] of [
      [later, 2_000],
      [earlier, 1_000],
      ['20261130-044509-ffff', 9_000],
    ] as const) {
      await using file = await createRunFile(directory, id);
      await file.append('plan', 'done', { says: 'promote eu/0' });
      await utimes(join(directory, `${id}.ndjson`), writtenMs, writtenMs);
    }
    await using opened = await openRunFile(directory, undefined);
    expect(opened.id).toBe(later);
  });

  it('is never overwritten', async () => {
    await twoLines();
    await expect(createRunFile(directory, ID)).rejects.toThrow(/EEXIST/);
  });

  it('cut at any byte it is read up to its last whole line, and goes on from there', async () => {
    const path = await twoLines();
    const content = await readFile(path);
    const first = content.indexOf(0x0a) + 1;
    for (let bytes = 0; bytes <= content.length; bytes += 1) {
      await writeFile(path, content.subarray(0, bytes));
      const whole = bytes === content.length ? 2 : bytes >= first ? 1 : 0;
      {
        await using file = await openRunFile(directory, ID);
        expect(file.lines).toHaveLength(whole);
        expect(file.cut).toBe(bytes !== 0 && bytes !== first && bytes !== content.length);
        await file.append('loss', 'done', { says: 'x' });
      }
      const { lines, cut } = parseRun(await readFile(path));
      expect(cut).toBe(false);
      expect(lines.map(({ step }) => step)).toEqual([...['plan', 'fence'].slice(0, whole), 'loss']);
    }
  });

  it('that is damaged elsewhere is refused', () => {
    for (const text of [
      '{"step":"fence"}\n',
      'x\n',
      '[]\n',
      'null\n',
      '{"step":"a","state":"well","atMs":1,"evidence":{"says":""}}\n',
    ]) {
      expect(() => parseRun(Buffer.from(text))).toThrow(/damaged: line 1/);
    }
  });

  it('is found by its name, and the last one without a name', async () => {
    for (const id of ['20200101-000000-ffff', '20210101-000000-0000']) {
      await (await createRunFile(directory, id))[Symbol.asyncDispose]();
    }
    await using file = await openRunFile(directory, undefined);
    expect(file.id).toBe('20210101-000000-0000');
    expect(newRunId(Date.UTC(2026, 10, 30, 4, 45, 10))).toMatch(/^20261130-044510-[0-9a-f]{4}$/);
  });

  it('of a time that has not come hides which one is the last: a clock was changed', async () => {
    const ahead = newRunId(Date.now() + 3_600_000);
    for (const id of ['20200101-000000-ffff', ahead]) {
      await (await createRunFile(directory, id))[Symbol.asyncDispose]();
    }
    await expect(openRunFile(directory, undefined)).rejects.toThrow(/has a name of a time that has not come.*--run/);
    await using named = await openRunFile(directory, ahead);
    expect(named.id).toBe(ahead);
  });

  it('refuses a name that leads elsewhere', async () => {
    for (const id of ['../x', 'x', '', '20261130-044510-3f2a/../../x']) {
      await expect(openRunFile(directory, id)).rejects.toMatchObject({ code: 'ERR_OPS_USAGE' });
    }
    await expect(openRunFile(directory, '20261130-044510-ffff')).rejects.toMatchObject({ code: 'ERR_OPS_USAGE' });
    await expect(openRunFile(join(directory, 'none'), undefined)).rejects.toMatchObject({ code: 'ERR_OPS_USAGE' });
  });
});

describe('readPlanLine()', () => {
  const lineOf = (evidence: object): RunLine => ({
    step: 'plan',
    state: 'done',
    atMs: 1,
    evidence: { says: '', ...evidence },
  });
  const PLAN = JSON.parse(JSON.stringify(proposal()));

  it('reads the plan that was written, and the cluster', () => {
    expect(readPlanLine([lineOf({ plan: PLAN, system: '7' })])).toEqual({ plan: PLAN, system: '7' });
    expect(readPlanLine([lineOf({ plan: PLAN, system: 7 })])?.system).toBeUndefined();
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'x'],
    ['a list', []],
    ['an empty object', {}],
    ['another mode', { ...PLAN, mode: 'both' }],
    ['a target that is no text', { ...PLAN, target: 1 }],
    ['no accepted loss', { ...PLAN, acceptLoss: undefined }],
    ['an accepted loss without its amount', { ...PLAN, acceptLoss: { kind: 'duration' } }],
    ['a time that is no number', { ...PLAN, stableMs: null }],
    ['a time before now', { ...PLAN, appsWithinMs: -1 }],
    ['a word for a yes', { ...PLAN, discardTail: 'no' }],
  ])('is no plan: %s', (_, plan) => {
    expect(readPlanLine([lineOf({ plan })])).toBeUndefined();
    expect(readPlanLine([])).toBeUndefined();
  });
});

describe('lockRuns()', () => {
  it('names the option if the directory is none', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    for (const path of [file, join(file, 'runs')]) {
      await expect(lockRuns(path)).rejects.toMatchObject({
        code: 'ERR_OPS_USAGE',
        message: expect.stringMatching(/^--runs: /),
      });
    }
  });

  it('lets one in, names it to the next, and lets the next in afterwards', async () => {
    {
      await using first = await lockRuns(directory);
      expect(first.by).toBeUndefined();
      await using second = await lockRuns(directory);
      expect(second.by).toBe(process.pid);
    }
    await using third = await lockRuns(directory);
    expect(third.by).toBeUndefined();
  });

  const LEFT = 'lock.00000000-0000-4000-8000-000000000000';

  it('takes over the lock of a process that was killed', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    await writeFile(join(directory, LEFT), JSON.stringify({ pid: child.pid }));
    {
      await using refused = await lockRuns(directory);
      expect(refused.by).toBe(child.pid);
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using lock = await lockRuns(directory);
    expect(lock.by).toBeUndefined();
  });

  it.runIf(process.platform === 'linux')(
    'takes over the lock of a process whose number another one has now',
    async () => {
      await writeFile(join(directory, LEFT), JSON.stringify({ pid: process.pid, started: '1' }));
      await using lock = await lockRuns(directory);
      expect(lock.by).toBeUndefined();
    },
  );

  it('takes over a lock that says nothing', async () => {
    await writeFile(join(directory, LEFT), '{"pid":');
    await using lock = await lockRuns(directory);
    expect(lock.by).toBeUndefined();
  });

  it('never lets two in that find a lock left behind, and leaves nothing', async () => {
    for (let round = 0; round < 3; round += 1) {
      await writeFile(join(directory, LEFT), '{}');
      const all = await Promise.all(Array.from({ length: 5 }, () => lockRuns(directory)));
      expect(all.filter(({ by }) => by === undefined).length).toBeLessThanOrEqual(1);
      for (const lock of all) await lock[Symbol.asyncDispose]();
      expect(await readdir(directory)).toEqual([]);
    }
  });
});
