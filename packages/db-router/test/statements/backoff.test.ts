import fc from 'fast-check';
import { expect, it } from 'vitest';
import { BACKOFF, backoffMs } from '../../src/statements/backoff.ts';

it('backoffMs() waits a random part of a bound that doubles, and is never without one', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 10_000 }),
      fc.nat({ max: 60_000 }),
      fc.nat({ max: 3_600_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (run, baseMs, maxMs, share) => {
        const waited = backoffMs(run, { baseMs, maxMs }, () => share);
        expect(waited).toBeGreaterThanOrEqual(0);
        expect(waited).toBeLessThanOrEqual(maxMs);
      },
    ),
  );
  expect([0, 1, 2, 5, 6].map((run) => backoffMs(run, BACKOFF, () => 1))).toEqual([10, 20, 40, 320, 320]);
  expect(backoffMs(3, BACKOFF, () => 0)).toBe(0);
});
