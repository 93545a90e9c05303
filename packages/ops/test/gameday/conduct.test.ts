import { describe, expect, it } from 'vitest';
import { type Conducted, conduct, type Hands, type Limits } from '../../src/gameday/conduct.ts';
import { drillEnd } from '../../src/gameday/drill-end.ts';
import { DrillFailure } from '../../src/gameday/drill-failure.ts';
import { createTracker, type DrillStatus, type Tracker } from '../../src/gameday/drill-status.ts';
import type { Load } from '../../src/gameday/load/load.ts';
import { PHASES } from '../../src/gameday/measure/phases.ts';
import type { Sample } from '../../src/gameday/measure/sample.ts';
import type { DrillEnd, DrillStart, OpsRecord } from '../../src/records/record.ts';

const START: DrillStart = {
  type: 'drill',
  id: '20261130-044510-3f2a',
  scenario: 'freeze',
  summary: 's',
  mode: 'local',
  seed: '7',
  atMs: 1_796_000_000_000,
  objectiveMs: 60_000,
  rpoMs: 1_000,
};
const LIMITS: Limits = { beforeMs: 60_000, tellMs: 5, withinMs: 60_000, stableMs: 50, pollMs: 1 };

/** A driver that makes a read and a write every millisecond, with the outcome of the moment. */
function fakeLoad(isGood: () => boolean): Load & { readonly written: ReadonlyMap<string, number> } {
  const samples: Sample[] = [];
  const written = new Map<string, number>();
  const timer = setInterval(() => {
    const now = performance.now();
    const id = `row-${samples.length}`;
    if (isGood()) written.set(id, 1);
    samples.push(
      { place: 'us', kind: 'write', dueAtMs: now, endedAtMs: now, outcome: isGood() ? 'ok' : 'refused', id },
      { place: 'us', kind: 'read', dueAtMs: now, endedAtMs: now, outcome: isGood() ? 'ok' : 'failed' },
    );
  }, 1);
  return { samples, written, waitingSinceMs: () => undefined, open: () => {}, stop: async () => clearInterval(timer) };
}

const NO_LOAD: Load & { readonly written: ReadonlyMap<string, number> } = {
  samples: [],
  written: new Map(),
  waitingSinceMs: () => undefined,
  open: () => {},
  stop: async () => {},
};

interface Played {
  readonly end: DrillEnd;
  readonly conducted: Conducted;
  readonly records: readonly OpsRecord[];
}

async function play(
  load: typeof NO_LOAD,
  script: (hands: Hands) => Promise<void>,
  { limits = LIMITS, tracker = createTracker(), signal = new AbortController().signal, said = () => {} } = {} as {
    limits?: Limits;
    tracker?: Tracker;
    signal?: AbortSignal;
    said?: (record: OpsRecord) => void;
  },
): Promise<Played> {
  const records: OpsRecord[] = [];
  tracker.begin(START, PHASES);
  const conducted = await conduct({
    drill: START.id,
    phases: PHASES,
    places: ['us'],
    load,
    limits,
    emit: (record) => {
      records.push(record);
      said(record);
    },
    signal,
    tracker,
    rows: async () => load.written,
    play: script,
  });
  return { conducted, records, end: drillEnd({ start: START, conducted, mayLose: true, atMs: 1 }) };
}

describe('a drill', () => {
  it('passes when everything is good again, with its phases in order', async () => {
    let good = true;
    const tracker = createTracker();
    const during: (DrillStatus | undefined)[] = [];
    const { end, records } = await play(
      fakeLoad(() => good),
      async ({ inject, until, mark, step, writesAgain, pause }) => {
        await inject('us', 'it is gone', async () => {
          good = false;
        });
        await pause(5);
        mark('detect');
        during.push(tracker.status());
        await step('promote', 'eu', 'it is promoted', async () => {
          good = true;
        });
        mark('promote');
        await writesAgain();
        await until('it is true', () => true);
      },
      { tracker },
    );
    expect(end).toMatchObject({ verdict: 'passed', why: [], lostWrites: 0, wrongReads: 0 });
    expect(end.goodMs).toBeGreaterThan(0);
    expect(end.refusedWrites).toBeGreaterThan(0);
    const phases = records.flatMap((record) => (record.type === 'phase' ? [record.name] : []));
    expect(phases).toEqual(PHASES);
    expect(during[0]).toMatchObject({
      state: 'running',
      phases: [{ state: 'done' }, { state: 'running' }, { state: 'waiting' }, { state: 'waiting' }],
    });
    expect(tracker.status()?.phases.every(({ state }) => state === 'done')).toBe(true);
  });

  it('fails if the driver has no samples, and causes no fault then', async () => {
    let injected = false;
    const { end } = await play(
      NO_LOAD,
      async ({ inject }) =>
        inject('us', 'never', async () => {
          injected = true;
        }),
      { limits: { ...LIMITS, beforeMs: 100 } },
    );
    expect(end.verdict).toBe('failed');
    expect(end.why.join(' ')).toContain(
      'Too few samples before the fault: 0 good reads from us, 0 good writes from us.',
    );
    expect(end.why).toContain('No fault was caused: not enough good requests within 0.1 s.');
    expect(injected).toBe(false);
  });

  it('waits on a busy machine until its requests are good, and says meanwhile what is missing', async () => {
    let good = false;
    const told: string[] = [];
    const { end } = await play(
      fakeLoad(() => good),
      async ({ inject, mark }) => {
        await inject('us', 'a fault', async () => {});
        mark('detect');
      },
      {
        said: (record) => {
          if (record.type !== 'progress') return;
          told.push(record.text);
          good = told.length >= 2;
        },
      },
    );
    expect(end).toMatchObject({ verdict: 'passed', why: [] });
    expect(told[0]).toBe('too few samples before the fault: 0 good reads from us, 0 good writes from us');
  });

  it('fails if the fault was never noticed', async () => {
    const { end } = await play(
      fakeLoad(() => true),
      ({ inject }) => inject('us', 'a fault without effect', async () => {}),
    );
    expect(end.verdict).toBe('failed');
    expect(end.why).toEqual(['The fault was not noticed, so nothing was measured.']);
  });

  it('fails if it is not stable afterwards', async () => {
    let good = true;
    const { end } = await play(
      fakeLoad(() => good),
      async ({ inject, mark }) => {
        await inject('us', 'it is gone for good', async () => {
          good = false;
        });
        mark('detect');
      },
      { limits: { ...LIMITS, withinMs: 100 } },
    );
    expect(end.verdict).toBe('failed');
    expect(end.why).toContain('It was not stable afterwards.');
    expect(end.goodMs).toBeUndefined();
  });

  it('fails if something does not happen in time, and says what', async () => {
    const { end } = await play(
      fakeLoad(() => true),
      async ({ inject, until }) => {
        await inject('us', 'a fault', async () => {});
        await until('the fleet follows', () => false);
      },
      { limits: { ...LIMITS, withinMs: 100 } },
    );
    expect(end.why).toContain('the fleet follows: not within 0.1 s.');
  });

  it('ends its driver when it is interrupted, and has no result', async () => {
    const abort = new AbortController();
    let stopped = false;
    const load = fakeLoad(() => true);
    const stop = async (): Promise<void> => {
      await load.stop();
      stopped = true;
    };
    const drill = play(
      { ...load, stop },
      async ({ pause }) => {
        abort.abort();
        await pause(60_000);
      },
      { signal: abort.signal },
    );
    await expect(drill).rejects.toThrow(/abort/i);
    expect(stopped).toBe(true);
  });

  it('does not hide a mistake of its own as a failed drill', async () => {
    const broken = play(
      fakeLoad(() => true),
      () => Promise.reject(new TypeError('x is not a function')),
    );
    await expect(broken).rejects.toThrow(TypeError);
    expect(new DrillFailure('a')).toBeInstanceOf(Error);
  });
});
