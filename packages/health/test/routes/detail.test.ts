import { defineRegions, fakeView } from '@regionkit/core';
import { expect, test } from 'vitest';
import { detail } from '../../src/routes/detail.ts';
import type { HealthVerdict } from '../../src/verdict/judge.ts';

const regions = defineRegions({
  self: 'a',
  all: { a: { origin: 'https://a.example.com' }, b: { origin: 'https://b.example.com' } },
});
const verdict: HealthVerdict = {
  reads: 'pass',
  writes: 'pass',
  accept: 'yes',
  phase: 'up',
  since: 0,
  failing: [],
} as never;

test('no region is younger than this moment, also one that was observed while the answer was made', () => {
  const view = fakeView(regions);
  view.set('a', { observedAtMs: 1_000.4 });
  view.set('b', { observedAtMs: 400 });
  const { regions: told } = JSON.parse(detail('pass', verdict, [], view, undefined, 999, {}));
  expect(told).toMatchObject([
    { name: 'a', ageMs: 0 },
    { name: 'b', ageMs: 599 },
  ]);
});
