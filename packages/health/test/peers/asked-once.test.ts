import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createAskedOnce, MAX_AGE_MS, MAX_NONCES } from '../../src/peers/asked-once.ts';

const NOW = 1_000_000;
const asked = (nonce: string, atMs = NOW, from = 'b') => ({ from, to: 'a', atMs, nonce, news: false });

test('a question passes once, from each region', () => {
  const once = createAskedOnce(['b', 'c']);
  expect(once.refusal(asked('n'), NOW)).toBeUndefined();
  expect(once.refusal(asked('n'), NOW)).toBe('replayed');
  expect(once.refusal(asked('n', NOW, 'c'), NOW)).toBeUndefined();
  expect(once.refusal(asked('m'), NOW)).toBeUndefined();
});

test('a question that is too old or from too far ahead is refused as a matter of clocks, not as a replay', () => {
  const once = createAskedOnce(['b']);
  expect(once.refusal(asked('old', NOW - MAX_AGE_MS - 1), NOW)).toBe('clock-skew');
  expect(once.refusal(asked('ahead', NOW + MAX_AGE_MS + 1), NOW)).toBe('clock-skew');
  expect(once.refusal(asked('old', NOW - MAX_AGE_MS), NOW)).toBeUndefined();
  expect(once.refusal(asked('ahead', NOW + MAX_AGE_MS), NOW)).toBeUndefined();
});

test('whenever a question is replayed, on a clock that goes on, it never passes a second time', () => {
  const event = fc.record({
    nonce: fc.nat(30),
    gapMs: fc.nat(15_000),
    skewMs: fc.integer({ min: -40_000, max: 40_000 }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 100 }), (events) => {
      const once = createAskedOnce(['b']);
      const passed = new Set<string>();
      const sent: { readonly nonce: string; readonly atMs: number }[] = [];
      let nowMs = NOW;
      for (const { nonce, gapMs, skewMs } of events) {
        nowMs += gapMs;
        // A new question, and then every one that there ever was again.
        sent.push({ nonce: `${sent.length} ${nonce}`, atMs: nowMs + skewMs });
        for (const { nonce: each, atMs } of sent) {
          if (once.refusal(asked(each, atMs), nowMs) !== undefined) continue;
          expect(passed.has(each)).toBe(false);
          passed.add(each);
        }
      }
    }),
  );
});

test('however many questions come, what is remembered is bounded, and none of those forgotten passes again', () => {
  const once = createAskedOnce(['b']);
  const many = Array.from({ length: MAX_NONCES + 100 }, (_, at) => asked(`n${at}`, NOW + at / 10));
  for (const question of many) expect(once.refusal(question, NOW)).toBeUndefined();
  for (const question of many) expect(once.refusal(question, NOW)).toBe('replayed');
  expect(once.refusal(asked('new', NOW + many.length / 10), NOW)).toBeUndefined();
});

test('names that are no regions share one memory', () => {
  const once = createAskedOnce(['b']);
  for (let at = 0; at <= MAX_NONCES; at += 1) once.refusal(asked(`n${at}`, NOW + at / 10, `x${at}`), NOW);
  expect(once.refusal(asked('m', NOW, 'y'), NOW)).toBe('replayed');
  expect(once.refusal(asked('m', NOW, 'b'), NOW)).toBeUndefined();
});

test('a clock that is set back by an hour refuses no new question', () => {
  const once = createAskedOnce(['b']);
  const hourAhead = NOW + 3_600_000;
  for (let at = 0; at < 5; at += 1) {
    const nowMs = hourAhead + at * MAX_AGE_MS;
    expect(once.refusal(asked(`n${at}`, nowMs), nowMs)).toBeUndefined();
  }
  expect(once.refusal(asked('new'), NOW)).toBeUndefined();
  expect(once.refusal(asked('new'), NOW)).toBe('replayed');
});
