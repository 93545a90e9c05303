import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { describeEvent } from '../../src/model/describe-event.ts';
import { addEvent } from '../../src/model/events.ts';
import type { FleetEvent } from '../../src/model/fleet.ts';
import { foldEvents } from '../../src/model/fold-events.ts';
import { event } from '../helpers/fleet.ts';

const add = (events: readonly FleetEvent[], max = 100) =>
  events.reduce<readonly FleetEvent[]>((all, one) => addEvent(all, one, max), []);

describe('addEvent', () => {
  it('puts the new count of a door in place of the one before', () => {
    const events = add([
      event('hold-ended'),
      event('node'),
      event('hold-ended', { times: 2 }),
      event('hold-ended', { times: 3 }),
    ]);
    expect(events.map(({ name, times }) => [name, times])).toEqual([
      ['node', 1],
      ['hold-ended', 3],
    ]);
  });

  it('keeps the counts of two processes, and of two runs of one process', () => {
    const other = { process: 'eu-1', region: 'eu' };
    const events = add([
      event('hold', { times: 5 }),
      event('hold', { times: 7, ...other }),
      event('hold'),
      event('hold', { times: 2 }),
    ]);
    expect(events.map(({ times }) => times)).toEqual([5, 7, 2]);
  });

  it('remembers when a count began', () => {
    const counts = [1, 2, 3].map((times) => event('hold', { times, atMs: 10 * times }));
    const [held] = add(counts);
    expect(held).toMatchObject({ times: 3, atMs: 30, first: { id: counts[0]?.id, atMs: 10 } });
    expect(foldEvents(add(counts), 10)).toMatchObject([{ key: counts[0]?.id, firstAtMs: 10, lastAtMs: 30, count: 3 }]);
  });

  it('keeps so many', () => {
    const many = Array.from({ length: 20 }, () => event('node'));
    expect(add(many, 5)).toEqual(many.slice(-5));
  });
});

describe('foldEvents', () => {
  it('makes one line of hundreds of held writes of a failover, with the newest text', () => {
    const held = Array.from({ length: 300 }, (_, at) => [
      event('hold', { atMs: at, text: `${at} wait` }),
      event('hold-ended', {
        atMs: at,
        text: `after ${at} ms`,
        process: `p${at % 3}`,
        region: at % 3 === 0 ? 'us' : 'eu',
      }),
    ]).flat();
    expect(foldEvents(held, 10)).toMatchObject([
      {
        name: 'hold-ended',
        count: 300,
        text: 'after 299 ms',
        where: 'us, eu (2 processes)',
        firstAtMs: 0,
        lastAtMs: 299,
      },
      { name: 'hold', count: 300, text: '299 wait', where: 'us' },
    ]);
  });

  it('makes one line of what several processes saw alike, and keeps apart what differs', () => {
    const lines = foldEvents(
      [
        event('node', { text: 'a' }),
        event('node', { text: 'b', atMs: 1 }),
        event('node', { text: 'a', process: 'eu-1', region: 'eu', atMs: 2 }),
      ],
      10,
    );
    expect(lines.map(({ text, count, where }) => [text, count, where])).toEqual([
      ['b', 1, 'us'],
      ['a', 2, 'us, eu'],
    ]);
  });

  it('makes one line of what differs only in a duration', () => {
    const said = ['after 1.2 s without', 'after 823 ms without'].map((text) => event('primary', { text }));
    expect(foldEvents(said, 10)).toMatchObject([{ count: 2, text: 'after 823 ms without' }]);
  });

  it('begins a new line for another failure', () => {
    expect(foldEvents([event('hold', { atMs: 0 }), event('hold', { atMs: 60_000 })], 10)).toHaveLength(2);
  });
});

test('folding loses no event, and keeps the order of the lines in time', () => {
  const events = fc.array(
    fc
      .tuple(
        fc.constantFrom('hold', 'node', 'primary'),
        fc.nat(60_000),
        fc.constantFrom('x', 'y'),
        fc.integer({ min: 1, max: 9 }),
      )
      .map(([name, atMs, text, times]) => event(name, { atMs, text, times })),
  );
  fc.assert(
    fc.property(events, (given) => {
      const lines = foldEvents(given, 1_000);
      const sum = (of: readonly { times?: number; count?: number }[]) =>
        of.reduce((all, { times = 0, count = 0 }) => all + times + count, 0);
      expect(sum(lines)).toBe(sum(given));
      const starts = lines.map(({ firstAtMs }) => firstAtMs);
      expect(starts).toEqual(starts.toSorted((left, right) => right - left));
      expect(new Set(lines.map(({ key }) => key)).size).toBe(lines.length);
    }),
  );
});

describe('describeEvent', () => {
  const epoch = { timeline: 2, owner: 'eu/0' };
  const table: readonly (readonly [name: string, payload: object, says: string])[] = [
    [
      'primary',
      { region: 'eu', epoch, missingForMs: 823 },
      'eu takes writes, timeline 2, after 823 ms without a primary',
    ],
    ['node', { node: 'us/0', from: 'primary', to: 'fenced' }, 'us/0 was primary and is fenced'],
    ['fenced', { node: 'us/0', by: epoch }, 'us/0 is fenced: timeline 2 is newer'],
    ['twin-primaries', { timeline: 2, owners: ['us/0', 'eu/0'] }, 'two servers write timeline 2: us/0, eu/0'],
    ['epoch-void', { epochs: [epoch], state: 'taken' }, 'a void of timeline 2 of eu/0 was taken'],
    ['writes-paused', { region: 'us', forMs: 5_000 }, 'us pauses new writes for 5.0 s'],
    ['order', { action: 'reset', outcome: 'done', reason: 'a drill' }, 'an operator ordered reset, done: a drill'],
    ['some-new-event', { a: 1, b: 'two', c: {}, d: true }, 'a 1, b two, d true'],
    ['constructor', { a: 1 }, 'a 1'],
    ['epoch', { epoch: { timeline: 1, owner: '' }, from: 'probe' }, 'timeline 1 became known from a probe'],
    ['epoch', { epoch, from: 'token' }, 'timeline 2 of eu/0 became known from a token'],
    ['node', {}, ' was  and is '],
  ];
  for (const [name, payload, says] of table)
    it(`says of ${name}: ${says}`, () => expect(describeEvent(name, payload)).toBe(says));

  it('is one line of bounded length, whatever was sent', () => {
    fc.assert(
      fc.property(fc.constantFrom(...table.map(([name]) => name), 'x'), fc.jsonValue(), (name, payload) => {
        const said = describeEvent(name, payload);
        expect(said.length).toBeLessThanOrEqual(240);
        expect(said).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
    expect(describeEvent('order', { reason: 'x'.repeat(1_000_000) })).toHaveLength(240);
    expect(describeEvent('order', { reason: 'a\u202eb\nc' })).toContain('a\ufffdb\ufffdc');
  });
});
