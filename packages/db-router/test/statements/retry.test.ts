import { defineRegions } from '@regionkit/core';
import pg from 'pg';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRegionRouter } from '../../src/index.ts';
import { readRetry } from '../../src/statements/retry.ts';

describe('readRetry()', () => {
  const read = (given: unknown) => readRetry(4)('transaction: retry', given as never);

  it.each([
    [undefined, { attempts: 4, backoff: { baseMs: 10, maxMs: 320 } }],
    [{}, { attempts: 4, backoff: { baseMs: 10, maxMs: 320 } }],
    [
      { attempts: 1, backoff: {} },
      { attempts: 1, backoff: { baseMs: 10, maxMs: 320 } },
    ],
    [{ backoff: { baseMs: 4 } }, { attempts: 4, backoff: { baseMs: 4, maxMs: 128 } }],
    [{ backoff: { maxMs: 50 } }, { attempts: 4, backoff: { baseMs: 10, maxMs: 50 } }],
    [{ backoff: { baseMs: 0, maxMs: 0 } }, { attempts: 4, backoff: { baseMs: 0, maxMs: 0 } }],
  ])('reads %o', (given, expected) => {
    expect(read(given)).toEqual(expected);
  });

  it.each([
    [{ attempts: 0 }, 'retry.attempts must be an integer from 1 to 1000; got 0'],
    [{ attempt: 2 }, 'retry has no option "attempt"; it takes attempts, backoff'],
    [5, 'retry must be an object; got number'],
    [null, 'retry must be an object; got null'],
    [{ backoff: 10 }, 'retry.backoff must be an object; got number'],
    [{ backoff: { ms: 10 } }, 'retry.backoff has no option "ms"; it takes baseMs, maxMs'],
    [{ backoff: { baseMs: -1 } }, 'retry.backoff.baseMs must be an integer from 0 to 60000; got -1'],
    [{ backoff: { baseMs: 10, maxMs: 5 } }, 'retry.backoff.maxMs must be an integer from 10 to 3600000; got 5'],
  ])('refuses %o', (given, message) => {
    expect(() => read(given)).toThrow(`transaction: ${message}`);
  });
});

describe('a transaction or a batch', () => {
  const regions = defineRegions({ self: 'us', all: { us: { origin: 'https://us.example.com' } } });

  it.each([
    ['transaction', { retries: 3 }, 'has no option "retries"; it takes isolation, readOnly, retry, signal'],
    ['transaction', { readOnly: 'yes' }, 'readOnly must be a boolean; got string'],
    ['transaction', { isolation: 'serialisable' }, 'isolation must be one of "read committed"'],
    ['batch', { retries: 3 }, 'has no option "retries"; it takes isolation, retry, signal'],
    ['batch', { retry: 3 }, 'retry must be an object; got number'],
  ] as const)('%s refuses %o, and sends nothing', async (method, options, message) => {
    const router = createRegionRouter({ regions, pools: { us: new pg.Pool({ host: 'nowhere.invalid' }) } });
    onTestFinished(() => router.close({ pools: true }));
    const call = router[method] as (what: unknown, options: object) => Promise<unknown>;
    const what = method === 'batch' ? [{ text: 'SELECT 1' }] : async () => {};
    await expect(call(what, options)).rejects.toThrow(message);
  });
});
