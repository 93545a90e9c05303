import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clocksOf } from '../../src/gameday/measure/clocks.ts';
import { balance } from '../../src/gameday/measure/ledger.ts';
import { measure, type Observed } from '../../src/gameday/measure/measures.ts';
import { type Marks, PHASES, phasesOf } from '../../src/gameday/measure/phases.ts';
import type { Sample } from '../../src/gameday/measure/sample.ts';
import { quietSince, tooFew } from '../../src/gameday/measure/stability.ts';

const sample = (given: Partial<Sample>): Sample => ({
  place: 'us',
  kind: 'write',
  dueAtMs: 0,
  endedAtMs: 10,
  outcome: 'ok',
  id: 'a',
  ...given,
});
const rows = (...ids: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
};
const anySample: fc.Arbitrary<Sample> = fc
  .record({
    place: fc.constantFrom('us', 'eu'),
    kind: fc.constantFrom('read' as const, 'write' as const),
    dueAtMs: fc.nat(1_000),
    tookMs: fc.nat(300),
    outcome: fc.constantFrom(
      'ok' as const,
      'refused' as const,
      'unknown' as const,
      'missed' as const,
      'failed' as const,
      'unsent' as const,
    ),
    id: fc.constantFrom('a', 'b', 'c', 'd'),
  })
  .map(({ tookMs, ...rest }) => ({ ...rest, endedAtMs: rest.dueAtMs + tookMs }));

describe('balance() of acknowledged writes', () => {
  const at = (endedAtMs: number, id: string, outcome: Sample['outcome'] = 'ok'): Sample =>
    sample({ endedAtMs, id, outcome });

  it.each([
    ['nothing lost', [at(90, 'a'), at(110, 'b')], rows('a', 'b'), { lost: 0, lossMs: 0 }],
    ['one lost before the fault', [at(80, 'a'), at(90, 'b')], rows('a'), { lost: 1, lossMs: 10 }],
    ['one lost in the moment of the fault is a loss', [at(100, 'a')], rows(), { lost: 1, lossMs: 1 }],
    ['lost after the fault, to the last one', [at(150, 'a'), at(400, 'b')], rows(), { lost: 2, lossMs: 250 }],
    [
      'what was never acknowledged is not lost',
      [at(90, 'a', 'unknown'), at(95, 'b', 'refused')],
      rows(),
      { lost: 0, lossMs: 0 },
    ],
  ])('%s', (_what, samples, found, { lost, lossMs }) => {
    const ledger = balance(samples, found, 100);
    expect([ledger.lost.size, ledger.lossMs]).toEqual([lost, lossMs]);
  });

  it('counts a write that is there twice, and one that is there although it was refused', () => {
    const ledger = balance([at(1, 'a'), at(2, 'b', 'refused'), at(3, 'c', 'unknown')], rows('a', 'a', 'b', 'c'), 0);
    expect(ledger).toMatchObject({ acknowledged: 1, duplicated: 1, againstWord: 1 });
  });
});

describe('clocksOf()', () => {
  const PLACES = ['us', 'eu'];
  const fault = { atMs: 100, inEffectAtMs: 120 };
  const good = (place: string, kind: Sample['kind'], dueAtMs: number): Sample =>
    sample({ place, kind, dueAtMs, endedAtMs: dueAtMs + 10 });

  it('waits for the slowest place, and for the last request that went wrong', () => {
    const samples = [
      good('us', 'read', 130),
      good('eu', 'read', 300),
      good('us', 'write', 500),
      good('eu', 'write', 400),
      sample({ place: 'eu', dueAtMs: 450, endedAtMs: 900, outcome: 'refused' }),
    ];
    expect(clocksOf(samples, PLACES, fault)).toEqual({ readMs: 210, writeMs: 410, goodMs: 800 });
  });

  it('takes no request that was due before the fault was in effect for a good one', () => {
    const samples = [good('us', 'read', 119), good('us', 'write', 130)];
    expect(clocksOf(samples, ['us'], fault)).toEqual({ readMs: undefined, writeMs: 40, goodMs: undefined });
  });

  it('does not count an acknowledged write that is lost, nor blame a read for missing it', () => {
    const lost = new Set(['gone']);
    const samples = [
      sample({ dueAtMs: 130, endedAtMs: 140, id: 'gone' }),
      good('us', 'write', 200),
      sample({ kind: 'read', dueAtMs: 300, endedAtMs: 310, outcome: 'missed', id: 'gone' }),
    ];
    expect(clocksOf(samples, ['us'], fault, lost)).toEqual({ readMs: 210, writeMs: 110, goodMs: 210 });
  });

  it('has nothing of a place without samples', () => {
    expect(clocksOf([], ['us'], fault)).toEqual({ readMs: undefined, writeMs: undefined, goodMs: undefined });
  });

  it('is good again only after reads, writes, and everything that went wrong', () => {
    fc.assert(
      fc.property(fc.array(anySample), (samples) => {
        const { readMs, writeMs, goodMs } = clocksOf(samples, ['us', 'eu'], fault);
        if (goodMs === undefined) return;
        expect(goodMs).toBeGreaterThanOrEqual(Math.max(readMs ?? Number.NaN, writeMs ?? Number.NaN));
        const later = samples.filter(({ endedAtMs }) => endedAtMs > fault.atMs + goodMs);
        expect(later.every(({ outcome }) => outcome === 'ok')).toBe(true);
      }),
    );
  });
});

describe('stability', () => {
  it('begins anew after each request that went wrong', () => {
    expect(quietSince([sample({ endedAtMs: 700, outcome: 'unknown' }), sample({ endedAtMs: 900 })], 500)).toBe(700);
    expect(quietSince([sample({ endedAtMs: 300, outcome: 'failed' })], 500)).toBe(500);
    expect(quietSince([sample({ endedAtMs: 700, outcome: 'unsent' })], 500)).toBe(700);
  });

  it('names the places and kinds with too few good samples, also where there is none', () => {
    const three = [1, 2, 3].map((dueAtMs) => sample({ dueAtMs, endedAtMs: dueAtMs + 1 }));
    expect(tooFew(three, ['us'], { fromMs: 0 })).toEqual(['0 good reads from us']);
    expect(tooFew(three, ['us'], { fromMs: 2 })).toEqual(['0 good reads from us', '2 good writes from us']);
    expect(tooFew(three, ['us'], { fromMs: 0, untilMs: 3 })).toEqual(['0 good reads from us', '2 good writes from us']);
  });
});

describe('phasesOf()', () => {
  it.each<[string, readonly (typeof PHASES)[number][], Marks, readonly (readonly [string, number, number])[]]>([
    [
      'in order',
      PHASES,
      { detect: 5, promote: 8, write: 9, stable: 20 },
      [
        ['detect', 5, 5],
        ['promote', 8, 3],
        ['write', 9, 1],
        ['stable', 20, 11],
      ],
    ],
    [
      'a write before the promotion has ended',
      PHASES,
      { detect: 5, promote: 8, write: 7, stable: 9 },
      [
        ['detect', 5, 5],
        ['promote', 8, 3],
        ['write', 8, 0],
        ['stable', 9, 1],
      ],
    ],
    [
      'without a promotion',
      ['detect', 'write', 'stable'],
      { detect: 5, promote: 6, write: 7 },
      [
        ['detect', 5, 5],
        ['write', 7, 2],
      ],
    ],
    ['none behind one that did not end', PHASES, { promote: 8, stable: 9 }, []],
  ])('%s', (_what, names, marks, expected) => {
    expect(phasesOf(names, marks).map(({ name, atMs, tookMs }) => [name, atMs, tookMs])).toEqual(expected);
  });

  it('adds up to the end of the last phase', () => {
    const time = fc.option(fc.nat(10_000), { nil: undefined });
    fc.assert(
      fc.property(fc.record({ detect: time, promote: time, write: time, stable: time }), (marks) => {
        const given = Object.fromEntries(Object.entries(marks).filter(([, at]) => at !== undefined)) as Marks;
        const phases = phasesOf(PHASES, given);
        expect(phases.reduce((sum, { tookMs }) => sum + tookMs, 0)).toBe(phases.at(-1)?.atMs ?? 0);
        expect(phases.every(({ tookMs }) => tookMs >= 0)).toBe(true);
      }),
    );
  });
});

describe('measure()', () => {
  const observed = (given: Partial<Observed>): Observed => ({
    samples: [],
    places: ['us'],
    fault: { atMs: 100, inEffectAtMs: 100 },
    stable: { fromMs: 200, untilMs: 300 },
    rows: rows(),
    ...given,
  });

  it('misses everything of a drill without samples', () => {
    const { missingBefore, missingAfter, goodMs } = measure(observed({}));
    expect(missingBefore).toEqual(['0 good reads from us', '0 good writes from us']);
    expect(missingAfter).toEqual(missingBefore);
    expect(goodMs).toBeUndefined();
  });

  it('takes a missed row for a wrong read unless the row is lost', () => {
    const samples = [
      sample({ id: 'lost' }),
      sample({ id: 'there' }),
      sample({ kind: 'read', outcome: 'missed', id: 'lost' }),
      sample({ kind: 'read', outcome: 'missed', id: 'there' }),
    ];
    expect(measure(observed({ samples, rows: rows('there') }))).toMatchObject({ wrongReads: 1, lostWrites: 1 });
    // Without the rows nothing excuses a missed one.
    expect(measure(observed({ samples, rows: undefined }))).toMatchObject({ wrongReads: 2, lostWrites: 0 });
  });

  it('does not say that the app has refused or failed what the driver did not send', () => {
    const unsent = (kind: Sample['kind'], at: number): Sample =>
      sample({ kind, dueAtMs: at, endedAtMs: at, outcome: 'unsent' });
    const samples = [
      sample({ dueAtMs: 130, endedAtMs: 140 }),
      sample({ kind: 'read', dueAtMs: 130, endedAtMs: 140 }),
      unsent('write', 500),
      unsent('read', 700),
    ];
    const { goodMs, ...found } = measure(observed({ samples, rows: rows('a') }));
    expect(found).toMatchObject({ writes: 1, reads: 1, refusedWrites: 0, failedReads: 0, unknownWrites: 0, unsent: 2 });
    // A client would have waited for it.
    expect(goodMs).toBe(600);
  });

  it('counts every sample once', () => {
    fc.assert(
      fc.property(fc.array(anySample), (samples) => {
        const { reads, writes, acknowledged, refusedWrites, unknownWrites, unsent } = measure(observed({ samples }));
        expect(reads + writes + unsent).toBe(samples.length);
        expect(acknowledged + refusedWrites + unknownWrites).toBeLessThanOrEqual(writes);
      }),
    );
  });
});
