import { expect, test } from 'vitest';
import { defineRegions, fakeView, staticView, unknownRegion } from '../src/index.ts';

const regions = defineRegions({
  self: 'b',
  all: { b: { origin: 'https://b.example' }, a: { origin: 'https://a.example' } },
});

test('staticView() claims to know nothing but the map', () => {
  const view = staticView(regions);
  expect(view.self).toBe('b');
  expect(view.list()).toEqual(regions.list.map(unknownRegion));
  expect(view.list()[0]).toEqual({
    name: 'b',
    origin: 'https://b.example',
    reads: 'unknown',
    writes: 'unknown',
    accept: 'unknown',
    identified: false,
    observedAtMs: Number.NEGATIVE_INFINITY,
  });
  expect(view.get('a')).toEqual(view.list()[1]);
  expect(view.get('__proto__')).toBeUndefined();
  expect('set' in view).toBe(false);
  view.subscribe(() => {})();
});

test('fakeView() merges what it is told and tells its subscribers, in the order they came', () => {
  const view = fakeView(regions);
  const told: string[] = [];
  const off = view.subscribe((state) => told.push(`first ${state.name} ${state.reads}`));
  view.subscribe(() => {
    throw new Error('a bug');
  });
  view.subscribe((state) => told.push(`last ${state.name} ${state.writes}`));
  view.set('a', { reads: 'pass', identified: true });
  view.set('a', { writes: 'fail' });
  expect(view.get('a')).toMatchObject({ origin: 'https://a.example', reads: 'pass', writes: 'fail', identified: true });
  expect(view.list().map(({ name, reads }) => [name, reads])).toEqual([
    ['b', 'unknown'],
    ['a', 'pass'],
  ]);
  off();
  view.set('b', { reads: 'warn' });
  expect(told).toEqual(['first a pass', 'last a unknown', 'first a pass', 'last a fail', 'last b unknown']);
});

test('fakeView() refuses a region that is not there', () => {
  expect(() => fakeView(regions).set('c' as never, {})).toThrow('fakeView: there is no region "c"');
});
