import { isRegionKitError, RegionKitError } from '@regionkit/core';
import { expect, test } from 'vitest';
import { asSourceError as classify } from '../src/failure.ts';
import { failureOfStatus, SourceError } from '../src/index.ts';

test.each<[string, unknown, string]>([
  ['a timeout', Object.assign(new Error(), { name: 'TimeoutError' }), 'timeout'],
  ['an abort', new DOMException('', 'AbortError'), 'timeout'],
  ['a socket timeout', { code: 'ETIMEDOUT' }, 'timeout'],
  ['a timeout of undici', { code: 'UND_ERR_CONNECT_TIMEOUT' }, 'timeout'],
  ['a refused connection', { code: 'ECONNREFUSED' }, 'network'],
  ['a socket error of undici', { code: 'UND_ERR_SOCKET' }, 'network'],
  ['a certificate that is not trusted', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, 'network'],
  ['a failed fetch', new TypeError('fetch failed', { cause: { code: 'ENOTFOUND' } }), 'network'],
  ['a missing file', { code: 'ENOENT' }, 'not-found'],
  ['a file that may not be read', { code: 'EACCES' }, 'denied'],
  ['401', { status: 401 }, 'denied'],
  ['403', { statusCode: 403 }, 'denied'],
  ['404', { status: 404 }, 'not-found'],
  ['429', { status: 429 }, 'throttled'],
  ['503', { $metadata: { httpStatusCode: 503 } }, 'unavailable'],
  ['a redirect', { status: 302 }, 'unavailable'],
  ['400', { status: 400 }, 'unknown'],
  ['anything else', new Error('hunter2'), 'unknown'],
  ['a string', 'hunter2', 'unknown'],
  ['nothing', undefined, 'unknown'],
  ['what it already is', new SourceError('throttled'), 'throttled'],
])('%s is classified', (_, error, failure) => {
  const source = classify(error);
  expect(source.failure).toBe(failure);
  expect(source.message).not.toContain('hunter2');
  expect(source.cause).toBeUndefined();
});

test('a source error of another version of this package is taken for what it is', () => {
  class Foreign extends RegionKitError<'ERR_CONFIG_SOURCE'> {
    readonly failure = 'throttled';
    readonly paths: readonly string[][] = [];
  }
  const source = classify(new Foreign('ERR_CONFIG_SOURCE', 'other'));
  expect(source).toBeInstanceOf(SourceError);
  expect(source).toMatchObject({ failure: 'throttled', detail: undefined });
});

test('errors whose causes go in a circle are classified', () => {
  const error = new Error('a');
  error.cause = error;
  expect(classify(error).failure).toBe('unknown');
});

test('a source error is one of the house: branded, coded, and not for clients', () => {
  const error = new SourceError('invalid', 'schema', [['a']]);
  expect(isRegionKitError(error)).toBe(true);
  expect(error).toMatchObject({ code: 'ERR_CONFIG_SOURCE', status: 503, expose: false, detail: 'schema' });
  expect(failureOfStatus(500)).toBe('unavailable');
});
