import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { defineRegions } from '../src/index.ts';

const all = {
  'us-east-1': { origin: 'https://app-us-east-1.example.com' },
  'eu-west-1': { origin: 'https://APP-eu-west-1.example.com:443/' },
} as const;
const define = (options: object): unknown => defineRegions({ self: 'us-east-1', all, ...options } as never);

describe('defineRegions()', () => {
  test('gives the regions in the order of the definition, in one spelling', () => {
    const regions = defineRegions({ self: 'eu-west-1', all, hosts: ['App.Example.com.:443', '[::1]:3000'] });
    expect(regions).toMatchObject({
      self: 'eu-west-1',
      hosts: ['app.example.com', '[::1]'],
      development: false,
      list: [
        { name: 'us-east-1', origin: 'https://app-us-east-1.example.com' },
        { name: 'eu-west-1', origin: 'https://app-eu-west-1.example.com' },
      ],
    });
    expect(regions.get('eu-west-1')).toBe(regions.list[1]);
  });

  test('is immutable all the way down', () => {
    const regions = defineRegions({ self: 'us-east-1', all, hosts: ['app.example.com'] });
    for (const part of [regions, regions.list, regions.hosts, ...regions.list])
      expect(Object.isFrozen(part)).toBe(true);
  });

  test('knows no region by a name that is not in the map, however hostile', () => {
    const regions = defineRegions({ self: 'us-east-1', all });
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', 'US-EAST-1', 'us-east-1 ', '0']) {
      expect(regions.get(name)).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.string(), (name) => {
        expect(regions.get(name)).toBe(Object.hasOwn(all, name) ? regions.get(name) : undefined);
      }),
    );
  });

  test.each([
    ['unset', undefined, TypeError],
    ['empty', '', TypeError],
    ['unknown', 'eu-west-2', RangeError],
    ['of another spelling', 'US-EAST-1', RangeError],
    ['a name every object has', 'constructor', RangeError],
  ])('refuses to start when self is %s', (_what, self, kind) => {
    expect(() => define({ self })).toThrow(kind);
    expect(() => define({ self })).toThrow('defineRegions: self must be one of us-east-1, eu-west-1;');
  });

  test.each(['', 'Upper', 'a_b', '-a', 'a-', 'a.b', 'a b', 'ä', 'x'.repeat(64), '__proto__', 'a\n'])(
    'refuses the region name %j',
    (name) => {
      const map = Object.fromEntries([[name, { origin: 'https://a.example' }]]);
      expect(() => define({ all: map })).toThrow('must be a lower-case DNS label');
    },
  );

  test.each([
    ['a path', 'https://a.example/app'],
    ['a query', 'https://a.example?x'],
    ['a fragment', 'https://a.example#x'],
    ['credentials', 'https://user:hunter2@a.example'],
    ['credentials and no valid port', 'https://user:hunter2@a.example:99999'],
    ['no scheme', 'a.example'],
    ['a scheme without hosts', 'data:text/plain,hunter2'],
    ['a file', 'file:///etc/hunter2'],
    ['javascript', 'javascript:hunter2()'],
    ['a line break', 'https://a.example\r\nX-Evil: hunter2'],
  ])('refuses an origin with %s, and does not show it', (_what, origin) => {
    const attempt = (): unknown => define({ all: { 'us-east-1': { origin } } });
    expect(attempt).toThrow(RangeError);
    expect(attempt).toThrow("defineRegions: all['us-east-1'].origin must be an origin");
    expect(attempt).not.toThrow('hunter2');
  });

  test('refuses plain http unless it is told that this is development', () => {
    const plain = { 'us-east-1': { origin: 'http://127.0.0.1:3001' } };
    expect(() => define({ all: plain })).toThrow('must use https (http only with development: true)');
    expect(define({ all: plain, development: true })).toMatchObject({ development: true });
    const other = { 'us-east-1': { origin: 'ws://127.0.0.1:3001' } };
    expect(() => define({ all: other, development: true })).toThrow('must use https');
  });

  test('takes the global host for the origin of a region that is alone, or of one machine', () => {
    const one = { 'us-east-1': { origin: 'https://app.example.com' } };
    expect(define({ all: one, hosts: ['app.example.com'] })).toMatchObject({ hosts: ['app.example.com'] });
    const two = { 'us-east-1': { origin: 'http://localhost:1' }, b: { origin: 'http://localhost:2' } };
    expect(define({ all: two, hosts: ['localhost'], development: true })).toMatchObject({ hosts: ['localhost'] });
  });

  test('refuses two regions under one origin, however it is spelt', () => {
    const twice = { 'us-east-1': { origin: 'https://a.example' }, b: { origin: 'https://A.example:443' } };
    expect(() => define({ all: twice })).toThrow("all['b'].origin is also the origin of another region");
  });

  test.each([
    [{ all: {} }, RangeError, 'all must name at least one region'],
    [{ all: undefined }, TypeError, 'all must be an object; got undefined'],
    [{ all: [] }, TypeError, 'all must be an object; got an array'],
    [{ all: { 'us-east-1': null } }, TypeError, "all['us-east-1'] must be an object; got null"],
    [{ all: { 'us-east-1': {} } }, TypeError, "all['us-east-1'].origin must be a string; got undefined"],
    [{ all: { 'us-east-1': { origin: 7 } } }, TypeError, 'origin must be a string; got number'],
    [{ all: { 'us-east-1': { url: 'x' } } }, TypeError, 'has no option "url"; it takes origin'],
    [{ hosts: 'app.example.com' }, TypeError, 'hosts must be an array'],
    [
      { hosts: ['https://app.example.com'] },
      TypeError,
      'hosts[0] must be a host name such as app.example.com: no scheme',
    ],
    [
      {
        hosts: ['app.example.com', 'US.example.com.:443'],
        all: { ...all, 'us-east-1': { origin: 'https://us.example.com' } },
      },
      RangeError,
      "all['us-east-1'].origin must not be under one of the global hosts",
    ],
    [{ hosts: [7] }, TypeError, 'hosts[0] must be a host name'],
    [{ development: 'yes' }, TypeError, 'development must be a boolean; got string'],
    [{ origins: {} }, TypeError, 'defineRegions has no option "origins"'],
  ])('refuses %j', (options, kind, message) => {
    expect(() => define(options)).toThrow(kind);
    expect(() => define(options)).toThrow(message);
  });
});

describe('defineRegions() and what it must not say or keep to itself', () => {
  test('shows nothing of a host entry that is wrong: it may hold credentials', () => {
    const wrong = () =>
      defineRegions({
        self: 'a',
        all: { a: { origin: 'https://a.example.com' } },
        hosts: ['b.example.com', 'user:hunter2@c.example.com/x'],
      });
    expect(wrong).toThrow(/^defineRegions: hosts\[1\] must be a host name such as/);
    expect(wrong).not.toThrow(/hunter2/);
  });

  test.each([
    ['production', true, ['REGIONKIT_DEVELOPMENT']],
    ['production', false, []],
    ['development', true, []],
  ] as const)('with NODE_ENV=%s and development %s it warns %j', (env, development, expected) => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    vi.stubEnv('NODE_ENV', env);
    defineRegions({ self: 'a', all: { a: { origin: 'https://a.example.com' } }, development });
    expect(warned.mock.calls.map(([, more]) => (more as { code: string }).code)).toEqual(expected);
    vi.unstubAllEnvs();
    warned.mockRestore();
  });
});
