import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { defineRegions } from '../../src/index.ts';
import { checkCookieDomain, cookieValues } from '../../src/kit/index.ts';

describe('cookieValues()', () => {
  test.each([
    ['none', [], []],
    ['one', ['region=eu'], ['eu']],
    ['one among others', ['a=1; region=eu; b=2'], ['eu']],
    ['no space between', ['a=1;region=eu;b=2'], ['eu']],
    ['odd space around', [' region = eu ;'], ['eu']],
    ['tabs around', ['a=1;\tregion\t=\teu\t;'], ['eu']],
    ['what is no space around', ['\u00a0region=eu; region\u00a0=us; region=\u00a0ap'], ['\u00a0ap']],
    ['space alone as the value', ['region= \t; a=1'], ['']],
    ['empty quotes', ['region=""'], ['']],
    ['the name inside quotes', ['a="region=us"; region=eu'], ['eu']],
    ['quotes', ['region="eu"'], ['eu']],
    ['a single quote mark', ['region="'], ['"']],
    ['an empty value', ['region=; a=1'], ['']],
    ['an equals sign in the value', ['region=a=b'], ['a=b']],
    ['the name without a value', ['region; a=1'], []],
    ['the name in another cookie', ['xregion=1; regionx=2; x=region=3; "region"=4'], []],
    ['another case', ['Region=eu; REGION=us'], []],
    ['an escaped name', ['%72egion=eu'], []],
    ['two in one field', ['region=eu; region=us'], ['eu', 'us']],
    ['two in two fields (HTTP/2)', ['region=eu', 'a=1', 'region=us'], ['eu', 'us']],
    ['escapes, undecoded', ['region=%65u'], ['%65u']],
    ['rubbish', ['=;;=; ;'], []],
  ])('finds in a request with %s what was sent', (_what, fields, values) => {
    expect(cookieValues(fields, 'region')).toEqual(values);
  });

  test('finds every value that was written, in order, whatever is around it', () => {
    const value = fc.stringMatching(/^[a-z0-9._-]{0,8}$/);
    const noise = fc.stringMatching(/^[a-z]{2}=[a-z0-9="]{0,8}$/);
    fc.assert(
      fc.property(fc.array(value), fc.array(noise), (values, others) => {
        const pairs = values.map((one, at) => [others[at] ?? 'zz=1', `k=${one}`].join('; '));
        expect(cookieValues([pairs.join('; ')], 'k')).toEqual(values);
        expect(cookieValues(pairs, 'k')).toEqual(values);
      }),
    );
  });

  test('finds what taking every pair apart finds', () => {
    const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '');
    const takenApart = (fields: readonly string[], name: string): readonly string[] =>
      fields.flatMap((field) =>
        field.split(';').flatMap((pair) => {
          const equals = pair.indexOf('=');
          if (equals === -1 || trimmed(pair.slice(0, equals)) !== name) return [];
          const value = trimmed(pair.slice(equals + 1));
          return [/^".*"$/.test(value) ? value.slice(1, -1) : value];
        }),
      );
    const piece = fc.constantFrom('r', 're', 'rere', 'region', '-hop', '=', ';', ' ', '\t', '"', ',', '\u00a0');
    const field = fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(fc.array(field, { maxLength: 3 }), fc.constantFrom('r', 're', 'rer', 'region'), (fields, name) => {
        expect(cookieValues(fields, name)).toEqual(takenApart(fields, name));
      }),
      { numRuns: 2_000 },
    );
  });

  test.each([
    [';', 'region=eu', ['eu']],
    ['=', ';region=eu', ['eu']],
    [';=', ';region=eu', ['eu']],
    [' ', 'region=eu', ['eu']],
    [';', '', []],
    ['region', '=us; region=eu', ['eu']],
    ['region ', '; region=eu', ['eu']],
    [' region', ';region=eu', ['eu']],
    ['region    ', ';region=eu', ['eu']],
  ])('reads a megabyte of %j in one pass', (noise, rest, values) => {
    expect(cookieValues([noise.repeat(1_000_000 / noise.length) + rest], 'region')).toEqual(values);
  });
});

describe('checkCookieDomain()', () => {
  const regions = (development: boolean, ...origins: string[]) =>
    defineRegions({
      self: 'r0',
      development,
      all: Object.fromEntries(origins.map((origin, at) => [`r${at}`, { origin }])),
    });
  const two = regions(false, 'https://app-us.example.com', 'https://app-eu.Example.com');
  const asked = (domain: string | undefined, map = two) => checkCookieDomain('createThing: cookie.domain', domain, map);

  test.each(['example.com', '.example.com', 'EXAMPLE.com'])('accepts %j, which covers every origin', (domain) => {
    expect(() => asked(domain)).not.toThrow();
  });

  test.each(['app-us.example.com', 'ample.com', 'example.org', '', '.', 'example.com.', 'example.com; Secure'])(
    'refuses %j, which does not',
    (domain) => {
      expect(() => asked(domain)).toThrow(RangeError);
      expect(() => asked(domain)).toThrow('createThing: cookie.domain must cover the origin of every region');
    },
  );

  test('refuses a domain without a dot, for which browsers keep no cookie', () => {
    expect(() => asked('com')).toThrow('createThing: cookie.domain must have a dot in it');
    expect(() => asked('.com')).toThrow(RangeError);
    const local = regions(true, 'http://us.localhost:1', 'http://eu.localhost:2');
    expect(() => asked('localhost', local)).toThrow('must have a dot');
  });

  test('needs none when there is one region, or this is development', () => {
    expect(() => asked(undefined)).toThrow('must be set to a domain that covers every region');
    expect(() => asked(undefined, regions(false, 'https://app.example.com'))).not.toThrow();
    expect(() => asked(undefined, regions(true, 'http://127.0.0.1:1', 'http://127.0.0.1:2'))).not.toThrow();
  });

  test('knows no parent of an address', () => {
    const local = regions(true, 'http://127.0.0.1:1', 'http://127.0.0.1:2');
    expect(() => asked('127.0.0.1', local)).not.toThrow();
    expect(() => asked('0.0.1', local)).toThrow(RangeError);
  });
});
