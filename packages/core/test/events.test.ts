import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect, expectTypeOf, test } from 'vitest';
import { createEvents, type EventSource } from '../src/index.ts';

interface Happenings {
  opened: { readonly at: number };
  closed: { readonly why: string };
}

const create = () => createEvents<Happenings>('test', ['opened', 'closed']);

test('an event reaches its own listeners, synchronously, until they leave', () => {
  const events = create();
  const heard: unknown[] = [];
  const off = events.on('opened', (payload) => heard.push(payload));
  events.emit('opened', { at: 1 });
  events.emit('closed', { why: 'x' });
  off();
  events.emit('opened', { at: 2 });
  expect(heard).toEqual([{ at: 1 }]);
});

test('an event is mirrored on its diagnostics channel, as it is', () => {
  const events = create();
  const payload = { at: 1 };
  const heard: unknown[] = [];
  const listen = (message: unknown, name: string | symbol): void => void heard.push(message, name);
  subscribe('regionkit:test:opened', listen);
  events.emit('opened', payload);
  unsubscribe('regionkit:test:opened', listen);
  events.emit('opened', payload);
  expect(heard).toEqual([payload, 'regionkit:test:opened']);
  expect(heard[0]).toBe(payload);
});

test('wants() says whether anybody listens, here or on the channel', () => {
  const events = create();
  expect(events.wants('opened')).toBe(false);
  const off = events.on('opened', () => {});
  expect([events.wants('opened'), events.wants('closed')]).toEqual([true, false]);
  off();
  expect(events.wants('opened')).toBe(false);
  const listen = (): void => {};
  subscribe('regionkit:test:closed', listen);
  expect(events.wants('closed')).toBe(true);
  unsubscribe('regionkit:test:closed', listen);
  expect(events.wants('closed')).toBe(false);
});

test('two instances hear of their own events alone, and share the channel', () => {
  const [one, other] = [create(), create()];
  const heard: string[] = [];
  one.on('opened', () => heard.push('one'));
  other.on('opened', () => heard.push('other'));
  one.emit('opened', { at: 1 });
  expect(heard).toEqual(['one']);
});

test('an event nobody has defined is refused', () => {
  const events = create() as EventSource<Record<string, unknown>>;
  for (const name of ['open', '__proto__', 'constructor']) {
    expect(() => events.on(name, () => {})).toThrow(`there is no event "${name}"; there are opened, closed`);
  }
  expect(() => events.on('opened', undefined as never)).toThrow(TypeError);
});

test('the payload of an event is typed by its name', () => {
  create().on('closed', (payload) => expectTypeOf(payload).toEqualTypeOf<{ readonly why: string }>());
});
