import fc from 'fast-check';
import { expect, test } from 'vitest';
import { serves, type VerdictRoute, word } from '../../src/routes/answers.ts';
import { asksToLeave, type JudgedCheck, judge, type Phase, worse } from '../../src/verdict/judge.ts';

function checkOf(patch: Partial<JudgedCheck>): JudgedCheck {
  return { name: 'x', status: 'fail', affects: ['accept'], severity: 'fail', scope: 'absolute', ...patch };
}

test('with no check at all, everything passes', () => {
  expect(judge([], 'up', false)).toEqual({
    status: 'pass',
    reads: 'pass',
    writes: 'pass',
    accept: 'yes',
    phase: 'up',
    failing: [],
  });
});

test('a region that cannot write still reads, and stays in', () => {
  const verdict = judge([checkOf({ name: 'writes', affects: ['writes'] })], 'up', false);
  expect(verdict).toMatchObject({ status: 'warn', reads: 'pass', writes: 'fail', accept: 'yes', failing: ['writes'] });
  expect(serves('health', { ...verdict, since: 0 })).toBe(true);
  expect(serves('write', { ...verdict, since: 0 })).toBe(false);
});

test('a region that cannot read is out', () => {
  const verdict = judge([checkOf({ affects: ['reads'] })], 'up', false);
  expect(verdict).toMatchObject({ status: 'fail', reads: 'fail', writes: 'pass', accept: 'yes' });
  expect(serves('health', { ...verdict, since: 0 })).toBe(false);
});

test('a degraded check that fails only warns', () => {
  expect(judge([checkOf({ severity: 'degraded', affects: ['reads', 'accept'] })], 'up', true)).toMatchObject({
    status: 'warn',
    reads: 'warn',
    accept: 'yes',
    failing: ['x'],
  });
});

test('a relative check takes something away only when the guard lets it', () => {
  const checks = [checkOf({ scope: 'relative', affects: ['reads', 'accept'] })];
  expect(judge(checks, 'up', false)).toMatchObject({ status: 'warn', reads: 'warn', accept: 'yes' });
  expect(judge(checks, 'up', true)).toMatchObject({ status: 'fail', reads: 'fail', accept: 'no' });
  expect(asksToLeave(checks)).toBe(true);
  expect(asksToLeave([checkOf({})])).toBe(false);
  expect(asksToLeave([checkOf({ scope: 'relative', severity: 'degraded' })])).toBe(false);
});

test('a check that was added late and has not been run yet is unknown, and takes no read away', () => {
  const verdict = judge([checkOf({ status: 'unknown', affects: ['reads', 'writes', 'accept'] })], 'up', false);
  expect(verdict).toMatchObject({ status: 'warn', reads: 'unknown', writes: 'unknown', accept: 'yes', failing: [] });
  expect(serves('health', { ...verdict, since: 0 })).toBe(true);
  expect(serves('write', { ...verdict, since: 0 })).toBe(false);
});

test.each<[Phase, string, boolean]>([
  ['starting', 'no', false],
  ['unconfirmed', 'no', false],
  ['up', 'yes', true],
  ['draining', 'draining', false],
  ['stopped', 'no', false],
])('while %s, accept is %s', (phase, accept, ready) => {
  const verdict = { ...judge([], phase, false), since: 0 };
  expect(verdict.accept).toBe(accept);
  expect(serves('health', verdict)).toBe(ready);
  expect(serves('ready', verdict)).toBe(ready);
  expect(serves('live', verdict)).toBe(true);
});

const anyCheck = fc.record<JudgedCheck>({
  name: fc.string({ minLength: 1, maxLength: 4 }),
  status: fc.constantFrom('pass', 'warn', 'fail', 'unknown'),
  affects: fc.subarray(['reads', 'writes', 'accept'] as const),
  severity: fc.constantFrom('fail', 'degraded'),
  scope: fc.constantFrom('absolute', 'relative'),
});

test('whatever the checks say, status is fail exactly when /health is not 200, and a word agrees with its answer', () => {
  const phases = fc.constantFrom<Phase>('starting', 'unconfirmed', 'up', 'draining', 'stopped');
  fc.assert(
    fc.property(fc.array(anyCheck, { maxLength: 8 }), phases, fc.boolean(), (checks, phase, mayLeave) => {
      const verdict = { ...judge(checks, phase, mayLeave), since: 0 };
      expect(verdict.status === 'fail').toBe(!serves('health', verdict));
      for (const route of ['health', 'read', 'write', 'live', 'ready'] satisfies VerdictRoute[]) {
        expect(word(route, verdict) === 'fail').toBe(!serves(route, verdict));
      }
      if (phase === 'up' && !mayLeave && checks.every(({ scope }) => scope === 'relative')) {
        expect(verdict.status).not.toBe('fail');
      }
    }),
  );
});

test('the worse of two does not depend on their order', () => {
  const verdicts = fc.constantFrom('pass', 'warn', 'fail', 'unknown' as const);
  fc.assert(fc.property(verdicts, verdicts, (one, other) => worse(one, other) === worse(other, one)));
});
