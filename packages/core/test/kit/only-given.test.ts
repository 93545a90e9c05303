import { expect, test } from 'vitest';
import { onlyGiven } from '../../src/kit/index.ts';

test('what is undefined was not given; null, false and 0 were', () => {
  const defaults: object = { a: 1, b: 2, c: 3 };
  expect({ ...defaults, ...onlyGiven({ a: undefined, b: 0, c: undefined, d: null }) }).toEqual({
    a: 1,
    b: 0,
    c: 3,
    d: null,
  });
});
