import { describe, expect, test } from 'vitest';
import { defineRegions, staticView } from '../../src/index.ts';
import { check, systemClock } from '../../src/kit/index.ts';

const name = 'createThing: option';

describe('check accepts and gives back', () => {
  test.each([
    ['integer', () => check.integer(name, 5, { min: 1, max: 5 }), 5],
    ['integer from 0', () => check.integer(name, 0), 0],
    ['number', () => check.number(name, 0.5, { max: 1 }), 0.5],
    ['boolean', () => check.boolean(name, false), false],
    ['string', () => check.string(name, 'x'), 'x'],
    ['oneOf', () => check.oneOf(name, 'b', ['a', 'b']), 'b'],
    ['oneOf numbers', () => check.oneOf(name, 303, [302, 303]), 303],
    ['function', () => check.function(name, check.string), check.string],
    ['methods', () => check.methods(name, check, ['string', 'object']), check],
    ['logger', () => check.logger(name, console), console],
    ['clock', () => check.clock(name, systemClock), systemClock],
    ['object', () => check.object(name, { a: 1 } as { a?: number; b?: number }, ['a', 'b']), { a: 1 }],
  ])('%s', (_kind, run, given) => {
    expect(run()).toEqual(given);
  });
});

describe('check refuses with a TypeError what has the wrong type', () => {
  test.each([
    [() => check.integer(name, '5'), 'must be an integer; got string'],
    [() => check.integer(name, Number.NaN), 'must be an integer; got NaN'],
    [() => check.integer(name, undefined), 'must be an integer; got undefined'],
    [() => check.number(name, null), 'must be a number; got null'],
    [() => check.boolean(name, 1), 'must be a boolean; got number'],
    [() => check.string(name, ['x']), 'must be a string; got an array'],
    [() => check.oneOf(name, 1, ['a', 'b']), 'must be one of "a", "b"; got number'],
    [() => check.oneOf(name, null, ['a', 'b']), 'must be one of "a", "b"; got null'],
    [() => check.function(name, {} as never), 'must be a function; got object'],
    [() => check.object(name, [] as never), 'must be an object; got an array'],
    [() => check.object(name, null as never), 'must be an object; got null'],
    [() => check.object(name, { c: 1 } as { a?: number }, ['a']), 'has no option "c"; it takes a'],
    [() => check.methods(name, 5 as never, []), 'must be an object; got number'],
  ])('%s', (run, message) => {
    expect(run).toThrow(TypeError);
    expect(run).toThrow(`${name} ${message}`);
  });
});

describe('check names the method that is missing', () => {
  test.each([
    [() => check.methods(name, { load: () => {}, save: 1 }, ['load', 'save']), 'save must be a function; got number'],
    [() => check.logger(name, { info: () => {}, warn: () => {} } as never), 'error must be a function; got undefined'],
    [() => check.clock(name, Date as never), 'must be an object; got function'],
    [() => check.clock(name, { now: Date.now } as never), 'wallMs must be a function; got undefined'],
  ])('%s', (run, message) => {
    expect(run).toThrow(TypeError);
    expect(run).toThrow(message);
  });
});

describe('check knows what was made from what it is made of', () => {
  const regions = defineRegions({ self: 'a', all: { a: { origin: 'https://a.example.com' } } });
  test('regions', () => {
    expect(check.regions(name, regions)).toBe(regions);
    expect(() => check.regions(name, { a: { origin: 'https://a.example.com' } })).toThrow(
      `${name} must be what defineRegions returns; got an object without list`,
    );
    expect(() => check.regions(name, undefined as never)).toThrow(`${name} must be what defineRegions returns`);
  });
  test('a view', () => {
    const view = staticView(regions);
    expect(check.view(name, view)).toBe(view);
    expect(() => check.view(name, { view })).toThrow(`${name} must be a RegionView such as health.view`);
    expect(() => check.view(name, null as never)).toThrow(TypeError);
  });
});

describe('check refuses with a RangeError what is out of range', () => {
  test.each([
    [() => check.integer(name, 1.5), `must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}; got 1.5`],
    [() => check.integer(name, 6, { max: 5 }), 'must be an integer from 0 to 5; got 6'],
    [() => check.integer(name, Number.POSITIVE_INFINITY), 'got Infinity'],
    [() => check.integer(name, 2 ** 53), 'got 9007199254740992'],
    [() => check.number(name, -0.1, { max: 1 }), 'must be a number from 0 to 1; got -0.1'],
    [() => check.string(name, ''), 'must not be empty'],
    [() => check.oneOf(name, 'c', ['a', 'b']), 'must be one of "a", "b"; got "c"'],
    [() => check.oneOf(name, 'x'.repeat(1_000), ['a']), `got "${'x'.repeat(64)}"`],
  ])('%s', (run, message) => {
    expect(run).toThrow(RangeError);
    expect(run).toThrow(`${name} `);
    expect(run).toThrow(message);
  });
});

test('check never shows the value of a string: it may be a secret', () => {
  expect(() => check.integer(name, 'hunter2')).not.toThrow('hunter2');
  expect(() => check.boolean(name, 'hunter2')).not.toThrow('hunter2');
  expect(() => check.object(name, 'hunter2' as never)).not.toThrow('hunter2');
});
