import { describe, expect, expectTypeOf, it } from 'vitest';
import { check, type OptionTable, optional, readOptions, withDefault } from '../../src/kit/index.ts';

interface Settings {
  readonly name: string;
  readonly size: number;
  readonly note: string | undefined;
}

const TABLE: OptionTable<Settings> = {
  name: check.string,
  size: withDefault(3, (option, given) => check.integer(option, given, { max: 10 })),
  note: optional(check.string),
};

const read = (given: object): Settings => readOptions<Settings>('createThing: options', 'createThing: ', given, TABLE);

describe('readOptions()', () => {
  it('gives every setting, by its default where the option is left out or undefined', () => {
    expect(read({ name: 'a' })).toEqual({ name: 'a', size: 3, note: undefined });
    expect(read({ name: 'a', size: undefined, note: undefined })).toEqual({ name: 'a', size: 3, note: undefined });
    expect(read({ name: 'a', size: 0, note: 'b' })).toEqual({ name: 'a', size: 0, note: 'b' });
    expectTypeOf(read({ name: 'a' })).toEqualTypeOf<Settings>();
  });

  it.each([
    [{ name: 'a', siez: 3 }, TypeError, 'createThing: options has no option "siez"; it takes name, size, note'],
    [{}, TypeError, 'createThing: name must be a string; got undefined'],
    [{ name: 'a', size: 11 }, RangeError, 'createThing: size must be an integer from 0 to 10; got 11'],
    [{ name: 'a', size: null }, TypeError, 'createThing: size must be an integer; got null'],
    [{ name: 'a', note: null }, TypeError, 'createThing: note must be a string; got null'],
    [undefined, TypeError, 'createThing: options must be an object; got undefined'],
    [[], TypeError, 'createThing: options must be an object; got an array'],
  ])('refuses %o and names the option', (given, type, message) => {
    expect(() => read(given as object)).toThrow(new type(message));
  });

  it('knows only the names of the table, and none of a prototype', () => {
    expect(() => read({ name: 'a', toString: 1 })).toThrow(/has no option "toString"/);
  });
});
