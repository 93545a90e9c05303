import { live } from '@regionkit/core';
import { expect, test } from 'vitest';
import {
  env,
  file,
  loadConfig,
  type RefreshOptions,
  rotatingClient,
  rotatingPassword,
  SourceError,
  values,
} from '../src/index.ts';
import { fakeClock, load, scripted, v } from './support.ts';

const DAY_MS = 86_400_000;
const sources = { a: values({}) };
const refresh = (given: RefreshOptions) => loadConfig({ sources, refresh: given });

test.each<[() => Promise<unknown>, string]>([
  [() => loadConfig({ sources, source: {} } as never), 'loadConfig: options has no option "source"; it takes sources'],
  [() => loadConfig({} as never), 'loadConfig: sources must be an object; got undefined'],
  [() => loadConfig({ sources: { a: undefined } } as never), 'loadConfig: sources.a must be an object; got undefined'],
  [() => loadConfig({ sources: { a: {} } } as never), 'loadConfig: sources.a.load must be a function; got undefined'],
  [
    () => loadConfig({ sources: { a: { load: () => ({ value: 1 }), schema: {} as never } } }),
    'loadConfig: sources.a.schema must be a Standard Schema',
  ],
  [
    () => loadConfig({ sources: { a: { load: () => ({ value: 1 }), everyMs: 0 } } }),
    'loadConfig: sources.a.everyMs must be an integer from 1 to 2147483647; got 0',
  ],
  [() => loadConfig({ sources, fallbackRegions: 'eu' as never }), 'loadConfig: fallbackRegions must be an array'],
  [() => loadConfig({ sources, fallbackRegions: [''] }), 'loadConfig: fallbackRegions must not be empty'],
  [() => loadConfig({ sources, regions: ['us-east-1'] as never }), 'loadConfig: regions.self must be a string'],
  [() => loadConfig({ sources, logger: {} as never }), 'loadConfig: logger.info must be a function; got undefined'],
  [() => loadConfig({ sources, logger: null as never }), 'loadConfig: logger must be an object; got null'],
  [() => loadConfig({ sources, clock: Date as never }), 'loadConfig: clock must be an object; got function'],
  [() => loadConfig({ sources, random: 0.5 as never }), 'loadConfig: random must be a function; got number'],
  [
    () => loadConfig({ sources: { a: { load: () => ({ value: 1 }), regions: 'eu' as never } } }),
    'loadConfig: sources.a.regions must be an array of region names',
  ],
  [() => loadConfig({ sources, onExpired: 'die' as never }), 'loadConfig: onExpired must be one of "keep", "throw"'],
  [() => refresh({ everyMs: 0 }), 'loadConfig: refresh.everyMs must be an integer from 1'],
  [() => refresh({ everyMs: 2 ** 31 }), 'loadConfig: refresh.everyMs must be an integer from 1'],
  [() => refresh({ timeoutMs: Number.NaN }), 'loadConfig: refresh.timeoutMs must be an integer; got NaN'],
  [() => refresh({ jitter: 0.6 }), 'loadConfig: refresh.jitter must be a number from 0 to 0.5; got 0.6'],
  [() => refresh({ maxStaleMs: 0 }), 'loadConfig: refresh.maxStaleMs must be a number from 1'],
  [() => refresh({ minForcedMs: -1 }), 'loadConfig: refresh.minForcedMs must be an integer from 1'],
  [() => refresh({ every: 1 } as never), 'loadConfig: refresh has no option "every"'],
  [() => refresh({ retryMs: 1 } as never), 'loadConfig: refresh has no option "retryMs"; it takes everyMs'],
  [() => refresh({ retry: { attempts: 3 } as never }), 'loadConfig: refresh.retry has no option "attempts"'],
  [
    () => refresh({ retry: { backoff: { baseMs: 10, maxMs: 5 } } }),
    'loadConfig: refresh.retry.backoff.maxMs must be an integer from 10 to 2147483647; got 5',
  ],
  [() => refresh({ everyMs: null as never }), 'loadConfig: refresh.everyMs must be an integer; got null'],
  [() => refresh({ fallbackOn: ['boom' as never] }), 'loadConfig: refresh.fallbackOn must be one of "timeout"'],
])('%s is refused', async (start, message) => {
  await expect(start()).rejects.toThrow(message);
});

test.each<[() => unknown, string]>([
  [() => env({ prefx: 'A' } as never), 'env: options has no option "prefx"'],
  [() => env({ prefix: 7 as never }), 'env: prefix must be a string; got number'],
  [() => env({ emptyIsUnset: 'no' as never }), 'env: emptyIsUnset must be a boolean; got string'],
  [() => env({ from: null as never }), 'env: from must be an object; got null'],
  [() => values({}, { schemas: 1 } as never), 'values: options has no option "schemas"'],
  [() => file(''), 'file: path must not be empty'],
  [() => file('/a', { format: 'xml' as never }), 'file: format must be one of "json", "text", "bytes"'],
  [() => file('/a', { maxBytes: 0 }), 'file: maxBytes must be an integer from 1'],
  [() => rotatingClient(undefined as never, undefined as never), 'rotatingClient: Client must be a function'],
  [() => rotatingClient(class {}, undefined as never), 'rotatingClient: ref must be an object; got undefined'],
  [() => rotatingPassword(undefined as never), 'rotatingPassword: ref must be an object; got undefined'],
  [() => rotatingPassword(live({ password: 'x' }) as never), 'rotatingPassword: ref.refresh must be a function'],
])('%s is refused when it is written', (make, message) => {
  expect(make).toThrow(message);
});

test('a value with an infinite interval is never refreshed by itself, and never expires', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': v(1) }, { everyMs: Number.POSITIVE_INFINITY });
  await using config = await load(source, clock, { onExpired: 'throw', refresh: { maxStaleMs: 60_000 } });
  await clock.advance(10 * DAY_MS);
  expect(source.asked).toHaveLength(1);
  expect(config.status().keys.db.state).toBe('fresh');
  expect(config.get('db')).toBe('value 1');
});

test('a value with an infinite age never expires, though no refresh succeeds', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': v(1) });
  const forEver = { onExpired: 'throw', refresh: { maxStaleMs: Number.POSITIVE_INFINITY } };
  await using config = await load(source, clock, forEver);
  source.answers.set('us-east-1', new SourceError('timeout'));
  source.answers.set('eu-west-1', new SourceError('timeout'));
  await clock.advance(10 * DAY_MS);
  expect(source.asked.length).toBeGreaterThan(30);
  expect(config.status().keys.db.state).toBe('stale');
  expect(config.get('db')).toBe('value 1');
});
