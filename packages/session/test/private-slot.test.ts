import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { createPrivateSlot } from '../src/private-slot.ts';

test('a slot keeps the last value of each object, apart from other slots', () => {
  const [one, other] = [createPrivateSlot<string>(), createPrivateSlot<string>()];
  const object = {};
  expect(one.get(object)).toBeUndefined();
  one.set(object, 'first');
  one.set(object, 'second');
  other.set(object, 'of the other');
  expect(one.get(object)).toBe('second');
  expect(other.get(object)).toBe('of the other');
  expect(one.get({})).toBeUndefined();
});

test('a copy of a request has no value, and nobody else sees it', () => {
  const slot = createPrivateSlot<string>();
  const request = { url: '/' };
  slot.set(request, 'secret');
  for (const copy of [{ ...request }, Object.assign({}, request), Object.create(request), structuredClone(request)]) {
    expect(slot.get(copy)).toBeUndefined();
  }
  expect(Reflect.ownKeys(request)).toEqual(['url']);
  expect(inspect(request, { showHidden: true })).not.toContain('secret');
});
