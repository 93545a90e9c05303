import { expect, test } from 'vitest';
import { guardRandom } from '../../src/kit/index.ts';

test.each([0, 0.25, 1])('%d is drawn as it is', (drawn) => {
  expect(guardRandom(() => drawn)()).toBe(drawn);
});

test.each([-1, 1.5, Number.NaN, undefined])('%s is no share: half is drawn', (drawn) => {
  expect(guardRandom(() => drawn as number)()).toBe(0.5);
});

test('one that throws draws half', () => {
  const random = guardRandom(() => {
    throw new Error('no');
  });
  expect(random()).toBe(0.5);
});
