import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type History, type Judgement, settle, unheard } from '../../src/verdict/history.ts';

const RULES = { failAfter: 2, passAfter: 3 };

function after(results: readonly Judgement[], rules: typeof RULES = RULES): History {
  return results.reduce((history: History, latest) => settle(history, latest, rules), unheard);
}

test.each(['pass', 'warn', 'fail'] as const)('the first result decides at once: %s', (first) => {
  expect(after([first]).settled).toBe(first);
});

test.each<[Judgement[], Judgement]>([
  [['pass', 'fail'], 'pass'],
  [['pass', 'fail', 'fail'], 'fail'],
  [['pass', 'fail', 'pass', 'fail', 'pass', 'fail'], 'pass'],
  [['fail', 'fail', 'pass'], 'pass'],
  [['fail', 'warn'], 'warn'],
  [['pass', 'fail', 'fail', 'pass', 'pass'], 'fail'],
  [['pass', 'fail', 'fail', 'pass', 'pass', 'pass'], 'pass'],
  [['fail', 'pass', 'fail', 'fail', 'pass', 'pass'], 'fail'],
  [['pass', 'fail', 'fail', 'pass', 'pass', 'fail', 'pass', 'pass'], 'fail'],
  [['pass', 'fail', 'fail', 'warn', 'warn', 'pass'], 'pass'],
  [['pass', 'fail', 'fail', 'pass', 'warn', 'warn'], 'warn'],
  [['pass', 'warn'], 'warn'],
  [['warn', 'pass'], 'pass'],
  [['pass', 'fail', 'warn', 'fail'], 'warn'],
])('%j counts as %s', (results, settled) => {
  expect(after(results).settled).toBe(settled);
});

test('a mind changes only after as many results in a row as the rules ask for, once it has been good', () => {
  const status = fc.constantFrom<Judgement>('pass', 'warn', 'fail');
  const rules = fc.record({ failAfter: fc.integer({ min: 1, max: 5 }), passAfter: fc.integer({ min: 1, max: 5 }) });
  fc.assert(
    fc.property(fc.array(status, { minLength: 1, maxLength: 60 }), rules, (results, given) => {
      let history = unheard;
      results.forEach((latest, at) => {
        const before = history;
        history = settle(history, latest, given);
        if (before.settled === 'unknown') return;
        const failed = before.settled === 'fail';
        if ((history.settled === 'fail') === failed) return;
        const started = results.slice(0, at).some((each) => each !== 'fail');
        const needed = failed ? (started ? given.passAfter : 1) : given.failAfter;
        const last = results.slice(at + 1 - needed, at + 1);
        expect(last).toHaveLength(needed);
        expect(last.every((each) => (each === 'fail') !== failed)).toBe(true);
      });
    }),
  );
});
