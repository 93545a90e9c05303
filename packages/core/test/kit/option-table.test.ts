import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  check,
  group,
  integer,
  type OptionTable,
  oneOf,
  optional,
  readOptions,
  withDefault,
} from '../../src/kit/index.ts';

interface Settings {
  readonly name: string;
  readonly size: number;
  readonly note: string | undefined;
  readonly hold: { readonly timeoutMs: number };
}

const TABLE: OptionTable<Settings> = {
  name: check.string,
  size: withDefault(3, (option, given) => check.integer(option, given, { max: 10 })),
  note: optional(check.string),
  hold: group({ timeoutMs: withDefault(5, check.integer) }),
};

const read = (given: object): Settings => readOptions<Settings>('createThing: options', 'createThing: ', given, TABLE);

describe('readOptions()', () => {
  it('gives every setting, by its default where the option is left out or undefined', () => {
    const byDefault = { name: 'a', size: 3, note: undefined, hold: { timeoutMs: 5 } };
    expect(read({ name: 'a' })).toEqual(byDefault);
    expect(read({ name: 'a', size: undefined, note: undefined, hold: undefined })).toEqual(byDefault);
    expect(read({ name: 'a', hold: {} })).toEqual(byDefault);
    const all = { name: 'a', size: 0, note: 'b', hold: { timeoutMs: 0 } };
    expect(read(all)).toEqual(all);
    expectTypeOf(read({ name: 'a' })).toEqualTypeOf<Settings>();
  });

  it.each([
    [{ name: 'a', siez: 3 }, TypeError, 'createThing: options has no option "siez"; it takes name, size, note, hold'],
    [{}, TypeError, 'createThing: name must be a string; got undefined'],
    [{ name: 'a', size: 11 }, RangeError, 'createThing: size must be an integer from 0 to 10; got 11'],
    [{ name: 'a', size: null }, TypeError, 'createThing: size must be an integer; got null'],
    [{ name: 'a', note: null }, TypeError, 'createThing: note must be a string; got null'],
    [{ name: 'a', hold: null }, TypeError, 'createThing: hold must be an object; got null'],
    [{ name: 'a', hold: { ms: 1 } }, TypeError, 'createThing: hold has no option "ms"; it takes timeoutMs'],
    [{ name: 'a', hold: { timeoutMs: '1' } }, TypeError, 'createThing: hold.timeoutMs must be an integer; got string'],
    [undefined, TypeError, 'createThing: options must be an object; got undefined'],
    [[], TypeError, 'createThing: options must be an object; got an array'],
  ])('refuses %o and names the option', (given, type, message) => {
    expect(() => read(given as object)).toThrow(new type(message));
  });

  it('knows only the names of the table, and none of a prototype', () => {
    expect(() => read({ name: 'a', toString: 1 })).toThrow(/has no option "toString"/);
  });
});

describe('readOptions() in the order of the table', () => {
  const table: OptionTable<{ readonly everyMs: number; readonly staleMs: number; readonly onStale: 'keep' | 'drop' }> =
    {
      everyMs: integer(10, { min: 1 }),
      staleMs: (option, given, { everyMs }) => integer(2 * everyMs, { min: everyMs })(option, given),
      onStale: oneOf('keep', ['keep', 'drop']),
    };
  const readAll = (given: object) => readOptions('createThing: options', 'createThing: ', given, table);

  it('gives a check the settings above it', () => {
    expect(readAll({})).toEqual({ everyMs: 10, staleMs: 20, onStale: 'keep' });
    expect(readAll({ staleMs: 50, everyMs: 30 })).toEqual({ everyMs: 30, staleMs: 50, onStale: 'keep' });
    expect(() => readAll({ staleMs: 20, everyMs: 30 })).toThrow(
      new RangeError(`createThing: staleMs must be an integer from 30 to ${Number.MAX_SAFE_INTEGER}; got 20`),
    );
  });

  it.each([
    [{ everyMs: 0 }, /everyMs must be an integer from 1/],
    [{ everyMs: null }, /everyMs must be an integer; got null/],
    [{ onStale: 'warn' }, /onStale must be one of "keep", "drop"; got "warn"/],
    [{ onStale: null }, /onStale must be one of "keep", "drop"; got null/],
  ])('refuses %o', (given, message) => {
    expect(() => readAll(given)).toThrow(message);
  });
});
