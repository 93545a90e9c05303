import { describe, expect, it } from 'vitest';
import { createRandom } from '../src/random.ts';

describe('createRandom', () => {
  it('gives the same stream for the same seed, and others for others', () => {
    const draw = (seed: string): number[] => Array.from({ length: 50 }, createRandom(seed).next);
    expect(draw('a')).toEqual(draw('a'));
    expect(draw('a')).not.toEqual(draw('b'));
    expect(draw('seed 1')).not.toEqual(draw('seed 2'));
  });

  it('spreads evenly over what it chooses from', () => {
    const random = createRandom('spread');
    const counts = [0, 0, 0, 0];
    for (let draws = 0; draws < 4_000; draws += 1) {
      const which = random.integer(4);
      counts[which] = (counts[which] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
    const drawn = Array.from({ length: 1_000 }, random.next);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...drawn)).toBeLessThan(1);
  });

  it('weighs', () => {
    const random = createRandom('weights');
    const drawn = Array.from({ length: 3_000 }, () =>
      random.weighted([
        ['often', 9],
        ['seldom', 1],
        ['never', 0],
      ]),
    );
    const seldom = drawn.filter((entry) => entry === 'seldom').length;
    expect(drawn).not.toContain('never');
    expect(seldom).toBeGreaterThan(200);
    expect(seldom).toBeLessThan(400);
  });

  it('forks into streams that do not move each other', () => {
    const one = createRandom('root');
    const two = createRandom('root');
    const fork = one.fork('child');
    fork.next();
    fork.next();
    expect(one.next()).toBe(two.next());
    expect(createRandom('root').fork('child').next()).toBe(two.fork('child').next());
  });

  it('refuses to choose from nothing', () => {
    const random = createRandom('nothing');
    expect(() => random.pick([])).toThrow(RangeError);
    expect(() => random.weighted([['never', 0]])).toThrow(RangeError);
  });
});
