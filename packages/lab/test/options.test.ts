import { tmpdir } from 'node:os';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLab } from '../src/index.ts';
import { checkOptions, type LabOptions } from '../src/options.ts';

afterEach(() => void vi.unstubAllEnvs());

const regions = ['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const;
const settle = (options: Partial<LabOptions<(typeof regions)[number]>>) => checkOptions({ regions, ...options });

describe('defaults', () => {
  test('the first region is the primary, in the system’s temporary directory, with no delay', () => {
    vi.stubEnv('REGIONKIT_PG_BIN', '');
    const settled = settle({});
    expect(settled).toMatchObject({ primary: 'us-east-1', directory: tmpdir(), monitor: true, binDir: undefined });
    expect(settled.roundTripMs('us-east-1', 'eu-west-1')).toBe(0);
  });

  test('REGIONKIT_PG_BIN names the programs, unless the option does', () => {
    vi.stubEnv('REGIONKIT_PG_BIN', '/opt/pg/bin');
    expect(settle({}).binDir).toBe('/opt/pg/bin');
    expect(settle({ binDir: '/other/bin' }).binDir).toBe('/other/bin');
  });
});

describe('roundTripMs', () => {
  test('one number counts between regions, never within one', () => {
    const { roundTripMs } = settle({ roundTripMs: 80 });
    expect([roundTripMs('us-east-1', 'eu-west-1'), roundTripMs('eu-west-1', 'eu-west-1')]).toEqual([80, 0]);
  });

  test('a pair counts both ways, under whichever region it is named first', () => {
    const { roundTripMs } = settle({
      roundTripMs: { 'us-east-1': { 'eu-west-1': 75 }, 'ap-southeast-1': { 'us-east-1': 220 } },
    });
    expect([
      roundTripMs('us-east-1', 'eu-west-1'),
      roundTripMs('eu-west-1', 'us-east-1'),
      roundTripMs('us-east-1', 'ap-southeast-1'),
      roundTripMs('eu-west-1', 'ap-southeast-1'),
    ]).toEqual([75, 75, 220, 0]);
  });

  test('two numbers for one pair are its two ways', () => {
    const { roundTripMs } = settle({
      roundTripMs: { 'us-east-1': { 'eu-west-1': 70 }, 'eu-west-1': { 'us-east-1': 90 } },
    });
    expect([roundTripMs('us-east-1', 'eu-west-1'), roundTripMs('eu-west-1', 'us-east-1')]).toEqual([70, 90]);
  });
});

describe('a bad option is refused before anything is started', () => {
  const cases: [what: string, options: unknown, error: Error][] = [
    ['no options', undefined, new TypeError('createLab: options must be an object; got undefined')],
    ['regions is no list', { regions: 'us' }, new TypeError('createLab: regions must be an array; got string')],
    ['no region', { regions: [] }, new RangeError('createLab: regions must name at least one region; got none')],
    [
      'a region that is no string',
      { regions: [1] },
      new TypeError('createLab: regions[0] must be a string; got number'),
    ],
    [
      'a region that is no label',
      { regions: ['../etc'] },
      new RangeError('createLab: regions[0] must be a lower-case DNS label of at most 40 characters; got "../etc"'),
    ],
    [
      'a name too long to tell its processes by',
      { regions: ['a'.repeat(41)] },
      new RangeError(
        `createLab: regions[0] must be a lower-case DNS label of at most 40 characters; got "${'a'.repeat(41)}"`,
      ),
    ],
    [
      'a region twice',
      { regions: ['a', 'a'] },
      new RangeError('createLab: regions must name each region once; got "a" twice'),
    ],
    [
      'an unknown primary',
      { regions: ['a'], primary: 'b' },
      new RangeError('createLab: primary must be one of "a"; got "b"'),
    ],
    [
      'a negative round trip',
      { regions: ['a'], roundTripMs: -1 },
      new RangeError('createLab: roundTripMs must be a number from 0 to 60000; got -1'),
    ],
    [
      'a round trip of an unknown region',
      { regions: ['a'], roundTripMs: { b: {} } },
      new TypeError('createLab: roundTripMs has no option "b"; it takes a'),
    ],
    [
      'a round trip that is no number',
      { regions: ['a', 'b'], roundTripMs: { a: { b: '80' } } },
      new TypeError("createLab: roundTripMs['a']['b'] must be a number; got string"),
    ],
    [
      'an impossible port',
      { regions: ['a'], ports: { a: 0 } },
      new RangeError("createLab: ports['a'] must be an integer from 1 to 65535; got 0"),
    ],
    [
      'a setting that is none',
      { regions: ['a'], settings: { "x'; DROP": 1 } },
      new TypeError(
        'createLab: settings must be names of postgresql.conf with a string, number or boolean; got "x\'; DROP": number',
      ),
    ],
    [
      'a misspelt option',
      { regions: ['a'], region: 'a' },
      new TypeError(
        'createLab: options has no option "region"; it takes regions, primary, roundTripMs, binDir, settings, monitor, ports, directory, logDir, startTimeoutMs, onProgress',
      ),
    ],
    ['an empty directory', { regions: ['a'], directory: '' }, new RangeError('createLab: directory must not be empty')],
    [
      'a progress that is no function',
      { regions: ['a'], onProgress: true },
      new TypeError('createLab: onProgress must be a function; got boolean'),
    ],
  ];
  test.each(cases)('%s', async (_, options, error) => {
    await expect(createLab(options as LabOptions)).rejects.toThrow(error);
  });
});

test('names are checked by the compiler too', () => {
  const compiles = () => [
    // @ts-expect-error not one of the regions
    createLab({ regions: ['a', 'b'], primary: 'c' }),
    // @ts-expect-error not one of the regions
    createLab({ regions: ['a', 'b'], roundTripMs: { a: { c: 1 } } }),
    // @ts-expect-error not one of the regions
    createLab({ regions: ['a', 'b'], ports: { c: 1 } }),
  ];
  expect(compiles).toBeTypeOf('function');
});
