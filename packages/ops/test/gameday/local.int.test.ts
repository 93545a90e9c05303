import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../src/exit-codes.ts';
import { createTracker } from '../../src/gameday/drill-status.ts';
import { createDrillApp, type MakeDrillApp } from '../../src/gameday/local/drill-app.ts';
import { loadModules } from '../../src/gameday/local/modules.ts';
import { LOCAL_LIMITS, playLocal } from '../../src/gameday/local/play-local.ts';
import { createAddresses } from '../../src/gameday/local/served.ts';
import { createRandom } from '../../src/gameday/random.ts';
import { SCENARIOS } from '../../src/gameday/scenarios.ts';
import type { DrillEnd, OpsRecord } from '../../src/records/record.ts';
import { type Ran, run } from '../run.ts';

async function directory(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'regionkit-gameday-'));
  onTestFinished(() => rm(made, { recursive: true }));
  return made;
}

const ended = ({ records }: Ran): DrillEnd => {
  const end = records.find((record) => record.type === 'measured');
  if (end === undefined) throw new Error(`no drill has ended: ${JSON.stringify(records)}`);
  return end;
};

describe('regionkit gameday run --local', () => {
  it('region-loss: measures the phases of a failover, and keeps a journal', async () => {
    const out = await directory();
    const ran = await run(['gameday', 'run', '--local', '--scenario', 'region-loss', '--seed', 'test', '--json'], {
      directory: out,
    });
    expect(ran.stderr).toBe('');
    const end = ended(ran);
    expect(end, ran.stdout).toMatchObject({ scenario: 'region-loss', verdict: 'passed', wrongReads: 0 });
    expect(ran.exit).toBe(EXIT.ok);
    expect(end.refusedWrites + end.unknownWrites + end.failedReads).toBeGreaterThan(0);
    expect(end.goodMs).toBeGreaterThanOrEqual(end.writeMs ?? Number.NaN);
    const phases = ran.records.flatMap((record) => (record.type === 'phase' ? [record.name] : []));
    expect(phases).toEqual(['detect', 'promote', 'write', 'stable']);

    const [name = ''] = await readdir(join(out, 'gameday'));
    expect(name).toBe(`${end.drill}.ndjson`);
    const lines = (await readFile(join(out, 'gameday', name), 'utf8')).trimEnd().split('\n');
    const journal = lines.map((line) => JSON.parse(line) as OpsRecord);
    expect(journal.slice(0, -1)).toEqual(ran.records.slice(0, -1));
    expect(journal.at(-1)).toEqual({ type: 'result', exit: EXIT.ok, summary: 'region-loss: passed.' });
  }, 600_000);

  const isWhole = process.env['REGIONKIT_WHOLE'] === '1';
  const names = SCENARIOS.map(({ name }) => name).filter((name) => name !== 'region-loss');
  const played = isWhole ? names : ['zombie', 'replica-lag'];

  it(`${played.join(', ')}: no wrong read, no write done twice or against its answer, and stable again`, async () => {
    const scenarios = played.flatMap((name) => ['--scenario', name]);
    const ran = await run(['gameday', 'run', '--local', ...scenarios, '--json'], { directory: await directory() });
    expect(ran.stderr).toBe('');
    const ends = ran.records.filter((record) => record.type === 'measured');
    expect(ends.map(({ scenario }) => scenario).sort()).toEqual([...played].sort());
    for (const end of ends) expect(end, ran.stdout).toMatchObject({ verdict: 'passed', why: [], wrongReads: 0 });
    expect(ran.exit).toBe(EXIT.ok);
  }, 600_000);
});

describe('a drill of an app that is wrong', () => {
  async function play(scenario: string, make: MakeDrillApp, limits = LOCAL_LIMITS): Promise<DrillEnd> {
    const found = SCENARIOS.find(({ name }) => name === scenario);
    if (found === undefined) throw new Error(`no scenario ${scenario}`);
    const modules = await loadModules();
    using addresses = await createAddresses(modules);
    return await playLocal({
      modules,
      addresses,
      scenario: found,
      start: {
        type: 'drill',
        id: '20261130-044510-3f2a',
        scenario,
        summary: found.summary,
        mode: 'local',
        seed: 'planted',
        atMs: 0,
        objectiveMs: 300_000,
        rpoMs: 5_000,
      },
      random: createRandom('planted'),
      emit: () => {},
      signal: new AbortController().signal,
      tracker: createTracker(),
      make,
      limits,
    });
  }

  it('fails one that forgets the tokens of its clients: they miss their own writes', async () => {
    const end = await play('replica-lag', (modules, options) => {
      const app = createDrillApp(modules, options);
      return {
        ...app,
        listener: (request, response) => {
          delete request.headers['x-region-token'];
          request.rawHeaders = request.rawHeaders.filter(
            (_, at, all) => all[at - (at % 2)]?.toLowerCase() !== 'x-region-token',
          );
          app.listener(request, response);
        },
      };
    });
    expect(end.verdict).toBe('failed');
    expect(end.wrongReads).toBeGreaterThan(0);
    expect(end.why.join(' ')).toMatch(/missed a write of its own client/);
  }, 600_000);

  it('fails one without a write gate before the fault: two regions write nothing', async () => {
    const end = await play(
      'region-loss',
      (modules, options) =>
        createDrillApp(
          {
            ...modules,
            createWriteGate: (given) => {
              const gate = modules.createWriteGate(given);
              return { ...gate, decide: () => ({ action: 'next', reason: 'not-a-write' }) };
            },
          },
          options,
        ),
      { ...LOCAL_LIMITS, beforeMs: 3_000 },
    );
    expect(end.verdict).toBe('failed');
    expect(end.why.join(' ')).toMatch(/Too few samples before the fault: .*0 good writes from eu-west-1/);
    expect(end.goodMs).toBeUndefined();
  }, 600_000);
});
