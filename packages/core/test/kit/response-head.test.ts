import { describe, expect, test } from 'vitest';
import type { ResponseHead } from '../../src/index.ts';
import { exposeField, isSharedCacheable, keepPrivate } from '../../src/kit/index.ts';

function headOf(fields: Record<string, string | string[]>): ResponseHead & { readonly fields: Headers } {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) headers.append(name, one);
  return {
    fields: headers,
    status: 200,
    get: (name) => [headers.get(name) ?? []].flat(),
    set: (name, value) => headers.set(name, value),
    append: (name, value) => headers.append(name, value),
  };
}

test.each([
  [{}, false],
  [{ 'Cache-Control': 'public' }, true],
  [{ 'Cache-Control': 'Public, max-age=60' }, true],
  [{ 'Cache-Control': 'max-age=60' }, true],
  [{ 'Cache-Control': 's-maxage=1' }, true],
  [{ 'Cache-Control': 'max-age=0' }, false],
  [{ 'Cache-Control': 'private, max-age=60' }, false],
  [{ 'Cache-Control': ['max-age=60', 'private'] }, false],
  [{ 'Cache-Control': 'no-store' }, false],
  [{ 'Cache-Control': 'no-cache' }, false],
  [{ 'Surrogate-Control': 'max-age=60' }, true],
  [{ 'CDN-Cache-Control': 'no-store' }, false],
  [{ Expires: 'Tue, 01 Jan 2999 00:00:00 GMT' }, true],
  [{ Expires: 'Tue, 01 Jan 1980 00:00:00 GMT' }, false],
  [{ Expires: '0' }, false],
  // Whoever speaks to one cache overrules what is said to all (RFC 9213 section 2.2).
  [{ 'Cache-Control': 'private, no-store', 'CDN-Cache-Control': 'max-age=60' }, true],
  [{ 'Cache-Control': 'no-store', 'Surrogate-Control': 'max-age=60' }, true],
  [{ 'Cache-Control': 'no-store', 'Cloudflare-CDN-Cache-Control': 'max-age=60' }, true],
  [{ 'Cache-Control': 'public, max-age=60', 'CDN-Cache-Control': 'no-store' }, true],
  [{ 'Cache-Control': 'must-revalidate', Expires: 'Tue, 01 Jan 2999 00:00:00 GMT' }, true],
  [{ 'Cache-Control': 'max-age=0', Expires: 'Tue, 01 Jan 2999 00:00:00 GMT' }, false],
  [{ 'Cache-Control': 'no-cache', Expires: 'Tue, 01 Jan 2999 00:00:00 GMT' }, false],
])('isSharedCacheable(%j) is %s', (fields, answer) => {
  expect(isSharedCacheable(headOf(fields))).toBe(answer);
});

describe('keepPrivate()', () => {
  test.each([
    // By its age alone a shared cache may keep it, and one that is validated first is kept with its cookies.
    [{}, true, 'private'],
    [{ 'Cache-Control': 'no-cache' }, true, 'no-cache, private'],
    [{ 'Cache-Control': ['max-age=0', 'must-revalidate'] }, true, 'max-age=0, must-revalidate, private'],
    [{ 'Cache-Control': 'no-cache="set-cookie"' }, true, 'no-cache="set-cookie", private'],
    [{ 'Cache-Control': 'Private, max-age=60' }, true, 'Private, max-age=60'],
    [{ 'Cache-Control': 'no-store' }, true, 'no-store'],
    [{ 'Cache-Control': 'public' }, false, 'public'],
    [{ 'Cache-Control': 'max-age=60, private="set-cookie"' }, false, 'max-age=60, private="set-cookie"'],
    [{ 'CDN-Cache-Control': 'max-age=60' }, false, null],
  ])('of %j is %s', (fields, kept, control) => {
    const head = headOf(fields);
    expect(keepPrivate(head)).toBe(kept);
    expect(head.fields.get('cache-control')).toBe(control);
  });

  test('is false for a head that does not take it', () => {
    expect(keepPrivate({ ...headOf({ 'Cache-Control': 'no-cache' }), set: () => {} })).toBe(false);
  });
});

describe('exposeField()', () => {
  test.each([
    ['no CORS', {}, null],
    ['CORS', { 'Access-Control-Allow-Origin': '*' }, 'X-Region-Hint'],
    [
      'CORS that exposes another',
      { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'X-A' },
      'X-A, X-Region-Hint',
    ],
    [
      'CORS that exposes it already',
      { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'X-A, x-region-hint' },
      'X-A, x-region-hint',
    ],
  ])('with %s', (_what, fields, exposed) => {
    const head = headOf(fields);
    exposeField(head, 'X-Region-Hint');
    expect(head.fields.get('access-control-expose-headers')).toBe(exposed);
  });
});
