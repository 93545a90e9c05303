import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Context } from '../../src/command.ts';
import type { Evidence, RunLine } from '../../src/failover/run-file/line.ts';
import { lockRuns } from '../../src/failover/run-file/lock.ts';
import { parseRun } from '../../src/failover/run-file/parse.ts';
import { createRunFile, openRunFile } from '../../src/failover/run-file/run-file.ts';
import { UnwrittenLine } from '../../src/failover/run-file/unwritten-line.ts';
import { drill } from '../../src/gameday/drill.ts';
import type { DrillEnd, OpsRecord } from '../../src/records/record.ts';
import type { SalvageOptions } from '../../src/salvage/options.ts';
import { createSorter } from '../../src/salvage/spool/sorter.ts';
import { tellRun } from '../../src/salvage/tell-run.ts';
import { type Ran, run } from '../run.ts';
import { proposal } from './fixtures.ts';
import { mountSmallDisk } from './small-disk.ts';

const ID = '20200101-000000-0000';
const line = (step: string, state: RunLine['state'], evidence: Partial<Evidence> = {}): RunLine => ({
  ...{ step, state, atMs: 1 },
  evidence: { says: 'x', ...evidence },
});
const PLAN = line('plan', 'done', { plan: proposal() });
/** The fence has begun on a server that does not answer. So an abort can begin, and cannot end. */
const FENCED = [PLAN, line('fence', 'started', { revokes: { 'us/0': ['app'] } })];
const textOf = (lines: readonly RunLine[]): string => lines.map((one) => `${JSON.stringify(one)}\n`).join('');

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'regionkit-full-'));
  const region = (name: string) => ({ databases: [`postgresql://ops@127.0.0.1:1/${name}`] });
  writeFileSync(
    join(directory, 'regionkit.config.json'),
    JSON.stringify({ regions: { us: region('us'), eu: region('eu') } }),
  );
});
afterAll(() => rmSync(directory, { recursive: true }));

const ops = (...args: string[]): Promise<Ran> => run([...args, '--json'], { directory });
const summaryOf = ({ records, stderr }: Ran): string => {
  const last = records.at(-1);
  return last?.type === 'result' ? last.summary : stderr;
};

const full = (): Error => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });

/** Half of the next line goes to the disk, or all of it but it is not certain to stay there. */
async function failNext(how: 'half a line' | 'fsync'): Promise<void> {
  const handle = await open(directory, 'r');
  const proto = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  if (how === 'fsync') {
    vi.spyOn(proto, 'sync').mockImplementationOnce(async () => {
      throw full();
    });
    return;
  }
  const append = proto.appendFile;
  vi.spyOn(proto, 'appendFile').mockImplementationOnce(async function (this: FileHandle, data) {
    const bytes = Buffer.from(data as string);
    await append.call(this, bytes.subarray(0, bytes.length / 2));
    throw full();
  });
}
afterEach(() => vi.restoreAllMocks());

describe.each(['half a line', 'fsync'] as const)('a run file on a disk that is full (%s)', (how) => {
  it('has no line that was not written, and takes no further one', async () => {
    const runs = mkdtempSync(join(directory, 'unit-'));
    {
      await using file = await createRunFile(runs, ID);
      await file.append('plan', 'done', { says: 'promote eu/0' });
      await failNext(how);
      const failed = await file.append('promote', 'started', { says: 'promote eu/0' }).catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(UnwrittenLine);
      expect(failed).toMatchObject({ step: 'promote', state: 'started', code: 'ENOSPC' });
      expect(file.lines.map(({ step }) => step)).toEqual(['plan']);
      // It would stand behind half a line, and make the file unreadable.
      await expect(file.append('promote', 'done', { says: 'x' })).rejects.toBe(failed);
    }
    const { lines, cut } = parseRun(await readFile(join(runs, `${ID}.ndjson`)));
    expect([lines.map(({ step }) => step), cut]).toEqual([['plan'], false]);
    await using again = await openRunFile(runs, ID);
    await again.append('promote', 'started', { says: 'x' });
    expect(again.lines).toHaveLength(2);
  });

  it('ends abort before anything is undone, and says what to do', async () => {
    const runs = mkdtempSync(join(directory, 'abort-'));
    await writeFile(join(runs, `${ID}.ndjson`), textOf(FENCED));
    await failNext(how);
    const ran = await ops('failover', 'abort', '--runs', runs, '--execute');
    expect(ran.exit, ran.stdout + ran.stderr).toBe(5);
    expect(ran.stderr).toBe('');
    expect(ran.records.filter((one) => one.type === 'step' && one.state !== 'planned')).toEqual([]);
    expect(summaryOf(ran)).toMatch(
      /^The step abort was not begun: the run file cannot be written \(ENOSPC\).* A part was done\. Make room on the disk of .*--runs.*regionkit failover abort --run 20200101-000000-0000 --execute/,
    );
    expect(await readFile(join(runs, `${ID}.ndjson`), 'utf8')).toBe(textOf(FENCED));
  });

  it('ends resume before anything is done, and says what to do', async () => {
    const runs = mkdtempSync(join(directory, 'resume-'));
    await writeFile(join(runs, `${ID}.ndjson`), textOf([PLAN]));
    await failNext(how);
    const ran = await ops('failover', 'resume', '--runs', runs, '--execute');
    expect(ran.exit, ran.stdout + ran.stderr).toBe(1);
    expect(ran.stderr).toBe('');
    expect(summaryOf(ran)).toMatch(
      /^The step confirm was not begun: .*\(ENOSPC\).* Nothing was changed\. Make room.*regionkit failover resume --run/,
    );
  });
});

it('lets salvage keep its list, and say that the run file does not know of it', async () => {
  const runs = mkdtempSync(join(directory, 'told-'));
  const runFile = join(runs, `${ID}.ndjson`);
  const tell = async (): Promise<readonly OpsRecord[]> => {
    const records: OpsRecord[] = [];
    const options = { runFile, run: { id: ID }, out: 'lost' } as unknown as SalvageOptions;
    const context = { emit: (record: OpsRecord) => records.push(record) } as unknown as Context;
    await tellRun(context, options, { exit: 10, summary: '7 transactions were lost.' });
    return records;
  };
  await writeFile(runFile, textOf([PLAN]));
  await failNext('half a line');
  expect(await tell()).toMatchObject([
    { id: 'run-file-not-written', level: 'warning', where: ID, evidence: expect.stringContaining('(ENOSPC)') },
  ]);
  expect(await readFile(runFile, 'utf8')).toBe(textOf([PLAN]));
  expect(await tell()).toEqual([]);
  expect(parseRun(await readFile(runFile)).lines.at(-1)).toMatchObject({ step: 'salvaged', state: 'done' });
});

it('leaves the result of a drill as it was measured, and says that its journal is not whole', async () => {
  const records: OpsRecord[] = [];
  const context = { emit: (record: OpsRecord) => records.push(record), signal: new AbortController().signal };
  const head = { scenario: 'region-loss', summary: '', mode: 'local', seed: '7', objectiveMs: 1, rpoMs: 1 } as const;
  const measured = { type: 'measured', scenario: 'region-loss', verdict: 'passed' } as unknown as DrillEnd;
  await failNext('half a line');
  const out = mkdtempSync(join(directory, 'drill-'));
  const end = await drill(context as unknown as Context, { ...head, out }, async () => measured);
  expect(end).toBe(measured);
  expect(records.at(-1)).toMatchObject({ id: 'journal-not-whole', evidence: expect.stringContaining('(ENOSPC)') });
});

const small = mountSmallDisk();
afterAll(() => small?.[Symbol.dispose]());

// Only root can mount.
describe.runIf(small !== undefined)('a disk of 64 KB', () => {
  const at = small?.path ?? '';
  afterEach(async () => {
    for (const name of await readdir(at)) rmSync(join(at, name), { recursive: true });
  });

  /** Fills the disk but for the last `leave` pages. */
  async function fill(): Promise<void> {
    const file = await open(join(at, 'filler'), 'w');
    try {
      for (;;) await file.write(Buffer.alloc(4_096));
    } catch (error) {
      expect(error).toMatchObject({ code: 'ENOSPC' });
    } finally {
      await file.close();
    }
  }

  it('tears a line in the middle: the next command reads the whole lines', async () => {
    {
      await using file = await createRunFile(at, ID);
      await file.append('plan', 'done', { says: 'x', plan: proposal() });
      await fill();
      await expect(file.append('fence', 'started', { says: 'y'.repeat(5_000) })).rejects.toBeInstanceOf(UnwrittenLine);
    }
    rmSync(join(at, 'filler'));
    await using again = await openRunFile(at, ID);
    expect([again.lines.map(({ step }) => step), again.cut]).toEqual([['plan'], false]);
  });

  it.each([
    ['confirm', ['--from', 'us']],
    ['resume', ['--execute']],
    ['abort', ['--execute']],
  ])('that is full lets %s do nothing, and says what to do', async (verb, args) => {
    await writeFile(join(at, `${ID}.ndjson`), textOf(FENCED));
    await fill();
    const ran = await ops('failover', verb, ...args, '--runs', at);
    expect(ran.exit, ran.stdout + ran.stderr).toBe(2);
    expect(ran.stderr).toMatch(/^regionkit failover: --runs: .*\(ENOSPC\).* Nothing was done.*make room/i);
    expect((await readdir(at)).sort()).toEqual([`${ID}.ndjson`, 'filler'].sort());
  });

  it('is named to gameday by the option that gameday has', async () => {
    await fill();
    await expect(lockRuns(at, '--out')).rejects.toThrow(/^--out: .*\(ENOSPC\).*with --out$/);
  });

  it('shows the plan although it is full', async () => {
    await fill();
    const ran = await ops('failover', 'plan', '--from', 'us', '--runs', at);
    expect(ran.exit).toBe(4);
  });

  it('keeps no part of what salvage sorts: it fails', async () => {
    await mkdir(join(at, 'spool'));
    await using sorter = await createSorter<string>({ directory: join(at, 'spool'), runLength: 1_000 });
    const add = async (): Promise<void> => {
      for (let key = 0; key < 100; key += 1) await sorter.add(String(key).padStart(3, '0'), 'v'.repeat(1_000));
      await sorter.sorted();
    };
    await expect(add()).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  it('keeps no half of the one part that salvage sorts: it fails', async () => {
    mkdirSync(join(at, 'spool'));
    await using sorter = await createSorter<string>({ directory: join(at, 'spool') });
    await sorter.add('a', 'v'.repeat(70_000));
    await expect(sorter.sorted()).rejects.toMatchObject({ code: 'ENOSPC' });
  });
});
