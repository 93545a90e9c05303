import { defineRegions } from '@regionkit/core';
import { expect, test } from 'vitest';
import { loadConfig, SourceError } from '../src/index.ts';
import { during, type FakeClock, fakeClock, never, type ScriptedSource, scripted } from './support.ts';

const regions = defineRegions({
  self: 'us-east-1',
  all: { 'us-east-1': { origin: 'https://us.example.com' }, 'eu-west-1': { origin: 'https://eu.example.com' } },
});

const load = (source: ScriptedSource, clock: FakeClock, more: object = {}) =>
  loadConfig({
    regions,
    fallbackRegions: ['eu-west-1'],
    clock,
    random: () => 0.5,
    sources: { db: source },
    ...more,
  });

const v = (n: number, createdAt: number | undefined = n) => ({
  value: `value ${n}`,
  version: `v${n}`,
  ...(createdAt !== undefined && { createdAt }),
});

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

test('a day without any region takes nothing down, and the value expires only after it', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': v(1), 'eu-west-1': v(1) });
  await using config = await load(source, clock);
  const expired: unknown[] = [];
  config.on('expired', (event) => expired.push(event));
  source.answers.set('us-east-1', new SourceError('unavailable'));
  source.answers.set('eu-west-1', new SourceError('network'));
  await clock.advance(86_000_000);
  expect(config.get('db')).toBe('value 1');
  expect(config.status().keys.db).toMatchObject({ state: 'stale', refreshError: { failure: 'unavailable' } });
  expect(expired).toEqual([]);
  await clock.advance(1_000_000);
  expect(config.status()).toMatchObject({ verdict: 'fail', keys: { db: { state: 'expired' } } });
  expect(expired).toEqual([{ key: 'db' }]);
  expect(config.get('db')).toBe('value 1');
  source.answers.set('us-east-1', v(2));
  await clock.advance(1_000_000);
  expect(config.get('db')).toBe('value 2');
  expect(config.status().verdict).toBe('pass');
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
