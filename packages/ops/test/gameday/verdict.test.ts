import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../../src/exit-codes.ts';
import type { Measures } from '../../src/gameday/measure/measures.ts';
import { exitOf, type Judgeable, judgeDrill, type Verdict } from '../../src/gameday/measure/verdict.ts';

const MEASURES: Measures = {
  readMs: 100,
  writeMs: 900,
  goodMs: 1_000,
  acknowledged: 20,
  lossMs: 0,
  duplicated: 0,
  againstWord: 0,
  reads: 40,
  writes: 30,
  failedReads: 2,
  refusedWrites: 9,
  unknownWrites: 1,
  unsent: 0,
  wrongReads: 0,
  lostWrites: 0,
  missingBefore: [],
  missingAfter: [],
};
const WELL: Judgeable = {
  measures: MEASURES,
  objectiveMs: 5_000,
  rpoMs: 500,
  isFaultSeen: true,
  isStable: true,
  isLedgerKnown: true,
  mayLose: true,
  faults: [],
};
const judged = (changes: Partial<Measures>, rest: Partial<Judgeable> = {}): ReturnType<typeof judgeDrill> =>
  judgeDrill({ ...WELL, ...rest, measures: { ...MEASURES, ...changes } });

describe('judgeDrill()', () => {
  it.each<[string, Partial<Measures>, Partial<Judgeable>, Verdict, RegExp?]>([
    ['everything in time', {}, {}, 'passed'],
    ['lost writes within the objective', { lostWrites: 2, lossMs: 500 }, {}, 'passed'],
    ['later than the objective', { goodMs: 5_001 }, {}, 'missed', /after 5\.0 s; the objective is 5\.0 s/],
    [
      'more lost than the objective',
      { lostWrites: 2, lossMs: 501 },
      {},
      'missed',
      /2 acknowledged writes of 0\.5 s are lost/,
    ],
    [
      'a loss where nothing may be lost',
      { lostWrites: 1, lossMs: 1 },
      { mayLose: false },
      'failed',
      /An acknowledged write got lost/,
    ],
    [
      'no samples before',
      { missingBefore: ['0 good reads from us'] },
      {},
      'failed',
      /Too few samples before the fault: 0 good reads from us/,
    ],
    ['no samples after', { missingAfter: ['0 good reads from us'] }, {}, 'failed', /Too few samples after/],
    ['a fault that nothing noticed', {}, { isFaultSeen: false }, 'failed', /nothing was measured/],
    ['not stable', { goodMs: undefined }, { isStable: false }, 'failed', /not stable/],
    ['a wrong read', { wrongReads: 1 }, {}, 'failed', /A read missed a write of its own client/],
    ['a write done twice', { duplicated: 2 }, {}, 'failed', /2 writes happened more than once/],
    ['a write done against the word', { againstWord: 1 }, {}, 'failed', /although/],
    ['a rule of the scenario', {}, { faults: ['The old primary got a write.'] }, 'failed', /old primary/],
    ['rows that could not be read', {}, { isLedgerKnown: false }, 'unknown', /not known/],
    ['a failure, also where the rows could not be read', { wrongReads: 1 }, { isLedgerKnown: false }, 'failed'],
  ])('%s: %#', (_what, changes, rest, verdict, why) => {
    const found = judged(changes, rest);
    expect(found.verdict).toBe(verdict);
    expect(found.why.join(' ')).toMatch(why ?? /^/);
    expect(found.why.length > 0).toBe(verdict !== 'passed');
  });

  it('never passes a drill that has measured nothing', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.nat(9_000),
        (isStable, isLedgerKnown, mayLose, goodMs) => {
          const missingBefore = ['0 good writes from us'];
          expect(judged({ missingBefore, goodMs }, { isStable, isLedgerKnown, mayLose }).verdict).toBe('failed');
          expect(judged({ goodMs }, { isFaultSeen: false, isStable, isLedgerKnown, mayLose }).verdict).toBe('failed');
        },
      ),
    );
  });
});

describe('exitOf()', () => {
  it.each<[readonly Verdict[], number]>([
    [['passed', 'passed'], EXIT.ok],
    [['passed', 'missed'], EXIT.objective],
    [['missed', 'unknown'], EXIT.unknown],
    [['unknown', 'failed', 'missed'], EXIT.fault],
  ])('%j', (verdicts, exit) => {
    expect(exitOf(verdicts)).toBe(exit);
  });
});
