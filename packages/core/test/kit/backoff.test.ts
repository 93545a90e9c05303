import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffLimitMs } from '../../src/kit/index.ts';

it('backoffLimitMs() doubles from baseMs up to maxMs, and stays finite after any number of waits', () => {
  const limits = [0, 1, 2, 3, 4].map((waits) => backoffLimitMs(waits, { baseMs: 10, maxMs: 70 }));
  expect(limits).toEqual([10, 20, 40, 70, 70]);
  fc.assert(
    fc.property(fc.nat(10_000), fc.nat(60_000), fc.nat(60_000), (waits, baseMs, more) => {
      const limit = backoffLimitMs(waits, { baseMs, maxMs: baseMs + more });
      expect(limit).toBeGreaterThanOrEqual(baseMs);
      expect(limit).toBeLessThanOrEqual(baseMs + more);
    }),
  );
});
