import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadConfig, SourceError } from '../src/index.ts';
import { during, fakeClock, load, never, regions, scripted, v } from './support.ts';

test('a value is refreshed in the background and a change is told without the value', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': v(1) });
  await using config = await load(source, clock);
  const told: unknown[] = [];
  config.on('change', (change) => told.push(change));
  source.answers.set('us-east-1', v(2));
  await clock.advance(900_000);
  expect(config.get('db')).toBe('value 2');
  expect(config.version('db')).toBe('v2');
  expect(told).toEqual([{ key: 'db', version: 'v2', region: 'us-east-1' }]);
});

test('the fallback region answers when the first is down, and start takes no longer than the deadlines', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': never(), 'eu-west-1': v(1) });
  await using config = await during(clock, load(source, clock));
  expect(config.get('db')).toBe('value 1');
  expect(config.status().keys.db.region).toBe('eu-west-1');
  expect(clock.now()).toBeLessThanOrEqual(1_000 + 4_000);
});

test('access denied in the first region is an answer: the fallback is not asked', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': new SourceError('denied'), 'eu-west-1': v(1) });
  await expect(load(source, clock)).rejects.toMatchObject({
    code: 'ERR_CONFIG_START',
    problems: [{ key: 'db', failure: 'denied', attempts: [{ region: 'us-east-1', failure: 'denied' }] }],
  });
  expect(source.asked).toHaveLength(1);
});

test('a thousand concurrent refreshes are one call, and another within the floor is none', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': v(1), 'eu-west-1': v(1) });
  await using config = await load(source, clock);
  source.asked.length = 0;
  source.answers.set('eu-west-1', v(2));
  const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => config.refresh('db', { reason: 'test' })));
  expect(new Set(outcomes)).toEqual(new Set(['changed']));
  expect(source.asked.map(({ region }) => region)).toEqual(['us-east-1', 'eu-west-1']);
  expect(await config.refresh('db')).toBe('too-soon');
  await clock.advance(5_000);
  expect(await config.refresh('db')).toBe('unchanged');
});

test('a request that asks for a refresh does not lend its context to the look, or to who hears of it', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': v(1), 'eu-west-1': v(1) });
  await using config = await load(source, clock);
  const requests = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  config.subscribe(() => void seen.push(requests.getStore()));
  config.on('refreshed', () => seen.push(requests.getStore()));
  source.answers.set('eu-west-1', v(2));
  expect(await requests.run('request', () => config.refresh('db'))).toBe('changed');
  expect(seen).toEqual([undefined, undefined]);
});

test('a refreshed value that is invalid never replaces a good one', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': v(1) }, { schema: z.string().startsWith('value') });
  await using config = await load(source, clock);
  const failed: unknown[] = [];
  config.on('refresh-failed', (event) => failed.push(event));
  source.answers.set('us-east-1', { value: 'other', version: 'v2', createdAt: 2 });
  await clock.advance(450_000);
  expect(config.get('db')).toBe('value 1');
  expect(config.status()).toMatchObject({
    verdict: 'warn',
    keys: { db: { state: 'stale', version: 'v1', refreshError: { failure: 'invalid', detail: 'schema', times: 1 } } },
  });
  expect(failed).toEqual([{ key: 'db', failure: 'invalid', detail: 'schema', reason: 'due' }]);
});

test('a failed refresh is tried again sooner, and then as usual', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': v(1) });
  await using config = await load(source, clock);
  source.answers.set('us-east-1', new SourceError('denied'));
  await clock.advance(450_000);
  expect(config.status().keys.db.state).toBe('stale');
  source.answers.set('us-east-1', v(2));
  await clock.advance(35_000);
  expect(config.get('db')).toBe('value 2');
  expect(config.status().keys.db).toMatchObject({ state: 'fresh', refreshError: undefined });
  const asked = source.asked.length;
  await clock.advance(800_000);
  expect(source.asked).toHaveLength(asked);
});

test('values of one interval are asked for together, so that they can be read in one call', async () => {
  const clock = fakeClock();
  const a = scripted({ 'us-east-1': v(1) });
  const b = scripted({ 'us-east-1': v(1) });
  await using config = await loadConfig({ regions, clock, sources: { a, b } });
  const rounds: string[] = [];
  config.on('refreshed', ({ key }) => rounds.push(`${key} ${clock.now()}`));
  await clock.advance(3_000_000);
  const times = (key: string) => rounds.filter((one) => one.startsWith(key)).map((one) => one.slice(2));
  expect(times('a').length).toBeGreaterThan(1);
  expect(times('a')).toEqual(times('b'));
});

test('a source can have an interval of its own', async () => {
  const clock = fakeClock();
  const often = scripted({ 'us-east-1': v(1) }, { everyMs: 30_000 });
  const usual = scripted({ 'us-east-1': v(1) });
  await using config = await loadConfig({ regions, clock, sources: { often, usual } });
  await clock.advance(300_000);
  expect(often.asked.length).toBeGreaterThan(8);
  expect(usual.asked.length).toBeLessThan(3);
  expect(config.status().verdict).toBe('pass');
});

describe('a forced refresh', () => {
  test('waits for a look that is under way, and looks again if that brought nothing', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1), 'eu-west-1': v(1) });
    await using config = await load(source, clock);
    let answer = (_: unknown): void => {};
    source.answers.set('us-east-1', new Promise((resolve) => (answer = resolve)));
    await clock.advance(451_000);
    source.asked.length = 0;
    const forced = config.refresh('db');
    answer(v(1));
    source.answers.set('us-east-1', v(2));
    expect(await forced).toBe('changed');
    expect(source.asked).toHaveLength(2);
  });

  test('is not made good elsewhere when the first region denies it', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1), 'eu-west-1': v(1) });
    await using config = await load(source, clock);
    source.answers.set('us-east-1', new SourceError('denied'));
    source.answers.set('eu-west-1', v(2));
    expect(await config.refresh('db')).toBe('failed');
    expect(config.get('db')).toBe('value 1');
    expect(config.status().keys.db.refreshError?.failure).toBe('denied');
  });

  test('ends for who gives up, and goes on for the others', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1), 'eu-west-1': v(1) });
    await using config = await load(source, clock);
    source.answers.set('us-east-1', never());
    source.answers.set('eu-west-1', v(2));
    const impatient = new AbortController();
    const lost = config.refresh('db', { signal: impatient.signal });
    const kept = config.refresh('db');
    impatient.abort(new Error('gone'));
    await expect(lost).rejects.toThrow('gone');
    expect(await during(clock, kept)).toBe('changed');
    await expect(config.refresh('db', { signal: impatient.signal })).rejects.toThrow('gone');
  });

  test('through a ref resolves when it was asked, whatever came of it', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1) });
    await using config = await load(source, clock, { fallbackRegions: [] });
    source.answers.set('us-east-1', new SourceError('network'));
    const ref = config.ref('db');
    expect(await ref.refresh({ reason: 'kid' })).toBeUndefined();
    expect(await ref.refresh()).toBeUndefined();
    expect(config.status().keys.db.refreshError?.times).toBe(1);
  });
});

describe('after close', () => {
  test('nothing is waiting, what is under way is aborted, and the values stay readable', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1) });
    const config = await load(source, clock, { fallbackRegions: [] });
    source.answers.set('us-east-1', never());
    const refresh = config.refresh('db');
    await clock.advance(0);
    const told: unknown[] = [];
    config.subscribe((change) => void told.push(change));
    config.ref('db').subscribe((value) => void told.push(value));
    for (const event of ['refreshed', 'refresh-failed'] as const) config.on(event, () => told.push(event));
    await config.close();
    expect(source.asked.at(-1)?.signal.aborted).toBe(true);
    expect(await refresh).toBe('failed');
    expect(clock.pending).toBe(0);
    expect(config.get('db')).toBe('value 1');
    expect(await config.refresh('db')).toBe('closed');
    expect(await config.ref('db').at('pending')).toBeUndefined();
    await config.close();
    expect(told).toEqual([]);
  });
});
