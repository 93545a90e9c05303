import { expect, test } from 'vitest';
import { isLive, live, toLive } from '../src/index.ts';

test('live() tells its subscribers of a change after it has happened, until they leave', () => {
  const value = live(1);
  const seen: unknown[] = [];
  const off = value.subscribe((next) => seen.push(next, value.current));
  value.set(2);
  off();
  off();
  value.set(3);
  expect(seen).toEqual([2, 2]);
  expect(value.current).toBe(3);
});

test('isLive() and toLive() tell a value that changes from one that is', () => {
  const value = live('x');
  expect(isLive(value)).toBe(true);
  expect(toLive(value)).toBe(value);
  expect(toLive('x').current).toBe('x');
  const others: readonly unknown[] = [
    'x',
    null,
    undefined,
    { current: 1 },
    { subscribe: () => {} },
    { current: 1, subscribe: 1 },
  ];
  for (const other of others) {
    expect(isLive(other)).toBe(false);
    expect(toLive(other).current).toBe(other);
  }
});
