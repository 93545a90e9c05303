import { describe, expect, it } from 'vitest';
import { createNearness } from '../../src/monitor/nearness.ts';

const NODES = [
  { id: 'us/0', region: 'us' },
  { id: 'us/1', region: 'us' },
  { id: 'eu/0', region: 'eu' },
];

/** What is told when each node of region us and eu answers as often, each time within as long. */
function toldOf(tookMs: readonly number[], times = 10): string[] {
  const told: string[] = [];
  const nearness = createNearness('us', NODES, (code, message) => void told.push(`${code} ${message}`));
  for (let time = 0; time < times; time += 1) {
    for (const [index, ms] of tookMs.entries()) if (Number.isFinite(ms)) nearness(index, ms);
  }
  return told;
}

describe('createNearness()', () => {
  it('warns once of pools whose URLs are swapped, and names both nodes', () => {
    const told = toldOf([81, 82, 0.4], 1_000);
    expect(told).toEqual([
      'REGIONKIT_POOLS_SWAPPED createRegionRouter: pools: eu/0 answers in 1 ms and us/0, of this region, in 81 ms: their URLs may be swapped',
    ]);
  });

  it.each([
    ['the own region is nearer', [0.4, 81, 80]],
    ['one database of the own region is near', [80, 0.4, 0.3]],
    ['all are near', [3, 4, 0.2]],
    ['the own region is slow, and the other far', [30, 30, 20]],
    ['the own region has not answered', [Number.NaN, Number.NaN, 1]],
    ['no other region has answered', [80, 80, Number.NaN]],
  ])('says nothing where %s', (_what, tookMs) => {
    expect(toldOf(tookMs)).toEqual([]);
  });

  it('says nothing after few answers, nor of a pause later', () => {
    expect(toldOf([81, 82, 0.4], 9)).toEqual([]);
    const told: string[] = [];
    const nearness = createNearness('us', NODES, (code) => void told.push(code));
    const all = (tookMs: readonly number[]): void => tookMs.forEach((ms, index) => void nearness(index, ms));
    all([0.4, 0.5, 80]);
    for (let time = 0; time < 100; time += 1) all([500, 500, 80]);
    expect(told).toEqual([]);
  });
});
