import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import type { Command } from '../src/command.ts';
import { EXIT } from '../src/exit-codes.ts';
import { PHASES } from '../src/gameday/measure/phases.ts';
import type { DrillEnd, OpsRecord, Step } from '../src/records/record.ts';
import { fakeServer } from './doctor/fake-server.ts';
import { PRIMARY, STANDBY } from './doctor/fleet.ts';
import { doctor, findings } from './doctor/plant.ts';
import { run } from './run.ts';

const schema = JSON.parse(readFileSync(new URL('../schema/record.schema.json', import.meta.url), 'utf8')) as {
  readonly $defs: { readonly result: { readonly properties: { readonly exit: { readonly enum: readonly number[] } } } };
};
const validate = new Ajv2020({ strict: true }).compile(schema);

/** All of them, or this does not compile. */
const STATES: Readonly<Record<Step['state'], true>> = {
  planned: true,
  started: true,
  done: true,
  failed: true,
  refused: true,
  unknown: true,
};

const MEASURED: DrillEnd = {
  type: 'measured',
  drill: '20261130-044510-3f2a',
  scenario: 'freeze',
  verdict: 'passed',
  why: [],
  readMs: 0.5,
  writeMs: 900.25,
  goodMs: 1_000,
  objectiveMs: 300_000,
  rpoMs: 5_000,
  reads: 10,
  writes: 9,
  acknowledged: 5,
  failedReads: 1,
  refusedWrites: 3,
  unknownWrites: 1,
  wrongReads: 0,
  lostWrites: 1,
  lossMs: 12.5,
  atMs: 1_796_000_000_000,
};

/** The records of a drill: with everything, and with what a drill that measured nothing has. */
const DRILL: readonly OpsRecord[] = [
  {
    type: 'drill',
    id: '20261130-044510-3f2a',
    scenario: 'freeze',
    summary: 's',
    mode: 'local',
    seed: '7',
    atMs: 1_796_000_000_000,
    objectiveMs: 300_000,
    rpoMs: 5_000,
  },
  ...PHASES.map((name): OpsRecord => ({ type: 'phase', drill: '20261130-044510-3f2a', name, sinceMs: 1.5, tookMs: 0 })),
  ...(['passed', 'missed', 'failed', 'unknown'] as const).map(
    (verdict): OpsRecord => ({ ...MEASURED, verdict, why: ['w'] }),
  ),
  { ...MEASURED, unsent: 4 },
  {
    type: 'trend',
    scenario: 'freeze',
    drills: (['local', 'observe', 'hooks'] as const).map((mode) => ({
      drill: 'a',
      atMs: 1,
      mode,
      verdict: 'missed',
      objectiveMs: 1,
      ...(mode === 'local' && { writeMs: 1.5, goodMs: 2.5, lossMs: 0.5 }),
    })),
  },
  { ...without(MEASURED, ['readMs', 'writeMs', 'goodMs', 'lostWrites', 'lossMs']), verdict: 'failed', why: ['w'] },
];

function without<T extends object, K extends keyof T>(given: T, names: readonly K[]): Omit<T, K> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !names.includes(name as K))) as Omit<T, K>;
}

function mustBeValid(records: readonly OpsRecord[]): void {
  for (const record of records) {
    expect(validate(record) ? undefined : [record, validate.errors]).toBeUndefined();
  }
}

describe('the JSON schema of records', () => {
  it('describes what the doctor prints of servers with faults, without faults, and of none', async () => {
    const regions = {
      us: {
        databases: [await fakeServer(() => ({ ...PRIMARY, nowMs: 0, unloggedTables: ['\u001b[1m', 'x'.repeat(990)] }))],
      },
      eu: { databases: [await fakeServer(() => ({ ...STANDBY, receiver: null, replayPaused: true }))] },
      ap: { databases: ['postgres://nobody:x@127.0.0.1:1/app'] },
    };
    const ran = await doctor({ regions });
    expect(findings(ran).length).toBeGreaterThan(4);
    mustBeValid(ran.records);
    mustBeValid(
      (await doctor({ regions: { us: { databases: [await fakeServer(() => ({ ...PRIMARY, nowMs: Date.now() }))] } } }))
        .records,
    );
  });

  it('describes every kind of record', async () => {
    const all: Command = {
      name: 'all',
      summary: '',
      usage: '',
      options: {},
      examples: [],
      run: async ({ emit }) => {
        emit({ type: 'progress', text: 'not printed' });
        for (const state of Object.keys(STATES) as Step['state'][]) {
          emit({ type: 'step', name: 'read', where: 'eu', state, evidence: 'e', tookMs: 1.5 });
        }
        emit({ type: 'sql', text: 'SELECT 1;' });
        emit({ type: 'server', where: 'eu/0', role: 'unknown', why: 'refused' });
        emit({
          type: 'server',
          where: 'eu/0',
          role: 'standby',
          timeline: 2,
          behindBytes: 1,
          unreplayedBytes: 0,
          lagMs: 0.5,
        });
        emit({ type: 'process', where: 'eu', state: 'unknown', why: 'wrong-token' });
        emit({
          type: 'process',
          where: 'eu',
          id: 'a',
          name: 'h:1',
          state: 'ready',
          primary: 'eu/0',
          timeline: 2,
          highest: 2,
        });
        for (const record of DRILL) emit(record);
        return { exit: EXIT.partly, summary: 'a part was done' };
      },
    };
    const { records } = await run(['all', '--json'], { commands: [all] });
    expect(records).toHaveLength(Object.keys(STATES).length + 6 + DRILL.length);
    mustBeValid(records);
  });

  it('knows every exit code', () => {
    expect([...schema.$defs.result.properties.exit.enum].sort()).toEqual([...Object.values(EXIT)].sort());
  });

  it.each([
    ['another level', { type: 'finding', id: 'a', level: 'bad', where: 'x', evidence: 'e', fix: 'f' }],
    ['a control character', { type: 'result', exit: 0, summary: '\u001b[2J' }],
    ['another member', { type: 'result', exit: 0, summary: 'x', more: 1 }],
  ])('refuses %s', (_what, record) => {
    expect(validate(record)).toBe(false);
  });
});
