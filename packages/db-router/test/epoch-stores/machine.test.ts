import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gapBetween, type Moment, thisMachine } from '../../src/epoch-stores/machine.ts';

const at = (wallMs: number, uptimeMs: number, boot = 'a'): Moment => ({ boot, uptimeMs, wallMs });

describe('gapBetween()', () => {
  it.each([
    ['both clocks went on', at(1_000, 500), at(3_000, 2_500), 2_000],
    ['the wall clock was set forward', at(1_000, 500), at(61_000, 2_500), 60_000],
    ['the wall clock was set back a little, and the uptime tells', at(9_000, 500), at(9_500, 8_500), 8_000],
    ['the wall clock is before the file', at(9_000, 500), at(8_999, 2_500), undefined],
    ['the machine was started again', at(1_000, 5_000), at(3_000, 7_000, 'b'), undefined],
    ['it was started again, and the system does not tell', at(1_000, 5_000, ''), at(3_000, 700, ''), undefined],
    ['the uptime is told coarsely', at(1_000, 5_010), at(1_001, 5_000), 1],
  ])('%s', (_what, before, after, gapMs) => {
    expect(gapBetween(before, after)).toBe(gapMs);
  });

  it('is never shorter than what any one clock says, and never negative', () => {
    const moment = fc.record({
      boot: fc.constantFrom('', 'a', 'b'),
      uptimeMs: fc.nat(1e9),
      wallMs: fc.nat(1e9),
    });
    fc.assert(
      fc.property(moment, moment, (before, after) => {
        const gapMs = gapBetween(before, after);
        if (gapMs === undefined) return;
        expect(gapMs).toBeGreaterThanOrEqual(
          Math.max(0, after.wallMs - before.wallMs, after.uptimeMs - before.uptimeMs),
        );
      }),
    );
  });
});

describe('thisMachine()', () => {
  it('is one boot, whose clocks go on', async () => {
    const one = (await thisMachine()).now();
    const other = (await thisMachine()).now();
    expect(one.boot).toBe(other.boot);
    expect(gapBetween(one, other)).toBeGreaterThanOrEqual(0);
  });
});
