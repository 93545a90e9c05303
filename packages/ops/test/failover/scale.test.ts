import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Capacity, planScale, sayScale, scaleWarnings } from '../../src/failover/scale.ts';

const region = (name: string, current: number, peak: number, max: number): { name: string; capacity: Capacity } => ({
  name,
  capacity: { current, peak, max },
});

describe('planScale()', () => {
  it.each([
    ['adds the peak of the lost region', [4, 3.2, 20], [6, 5.1, 20], 9, undefined],
    ['never goes below what runs', [12, 3, 20], [6, 5, 20], 12, undefined],
    ['stops at the limit, and says what is needed', [4, 3.2, 8], [6, 5.1, 20], 8, 9],
    ['counts a sum of parts as a person does', [1, 0.1, 20], [1, 0.9, 20], 1, undefined],
    ['counts 2.1 + 0.9 as 3', [1, 2.1, 20], [1, 0.9, 20], 3, undefined],
    ['needs nothing for a region without clients', [2, 1, 20], [1, 0, 20], 2, undefined],
  ] as const)('%s', (_says, own, lost, wanted, lacks) => {
    const regions = [region('us', lost[0], lost[1], lost[2]), region('eu', own[0], own[1], own[2])];
    expect(planScale(regions, 'us')).toEqual([{ region: 'eu', current: own[0], wanted, lacks }]);
  });

  it('leaves out regions that were not measured, and all of them if the lost one was not', () => {
    const eu = region('eu', 1, 1, 5);
    expect(planScale([region('us', 1, 1, 5), eu, { name: 'ap', capacity: undefined }], 'us')).toHaveLength(1);
    expect(planScale([{ name: 'us', capacity: undefined }, eu], 'us')).toEqual([]);
  });

  it('asks for no less than what runs and for no more than the limit', () => {
    // Peaks in thousandths: their sum is exact here, and what is needed is known without a tolerance.
    const measured = fc
      .record({ current: fc.nat(1_000), thousandths: fc.nat(1_000_000), room: fc.nat(1_000) })
      .map(({ current, thousandths, room }) => ({
        thousandths,
        capacity: { current, peak: thousandths / 1_000, max: current + room } satisfies Capacity,
      }));
    fc.assert(
      fc.property(measured, measured, (lost, own) => {
        const regions = [
          { name: 'us', capacity: lost.capacity },
          { name: 'eu', capacity: own.capacity },
        ];
        const { current, max } = own.capacity;
        const needed = Math.max(current, Math.ceil((own.thousandths + lost.thousandths) / 1_000));
        expect(planScale(regions, 'us')).toEqual([
          { region: 'eu', current, wanted: Math.min(needed, max), lacks: needed > max ? needed : undefined },
        ]);
      }),
    );
  });

  it('says what it asks for, and warns at a limit', () => {
    const targets = planScale([region('us', 6, 5.1, 20), region('eu', 4, 3.2, 8), region('ap', 30, 1, 40)], 'us');
    expect(sayScale(targets)).toBe('eu: 4 to 8, although 9 are needed: its limit is 8; ap: keep 30');
    expect(scaleWarnings(targets)).toMatchObject([{ id: 'scale-limited', level: 'warning', where: 'eu' }]);
  });
});
