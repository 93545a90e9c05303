import { defineRegions } from '@regionkit/core';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
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

describe('a process that was suspended', () => {
  test('looks at everything again when it wakes, if only the wall clock went on', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1) });
    await using config = await load(source, clock);
    await clock.advance(10_000);
    const jumps: unknown[] = [];
    config.on('jump', (event) => jumps.push(event));
    source.answers.set('us-east-1', v(2));
    clock.stepWall(7_200_000);
    expect(config.status().keys.db.ageMs).toBeGreaterThanOrEqual(7_200_000);
    await clock.advance(0);
    expect(jumps).toEqual([{ keys: 1 }]);
    expect(config.get('db')).toBe('value 2');
  });

  test('looks at what is overdue when it wakes, if both clocks went on', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1) });
    await using config = await load(source, clock);
    source.answers.set('us-east-1', v(2));
    await clock.advance(0);
    clock.suspend(7_200_000);
    await clock.advance(0);
    expect(config.get('db')).toBe('value 2');
  });

  test('expires what nobody confirms, and nothing when the clock is set back', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1) });
    await using config = await load(source, clock);
    source.answers.set('us-east-1', new SourceError('network'));
    clock.stepWall(-400_000_000);
    await clock.advance(10_000);
    expect(config.status().keys.db.state).toBe('stale');
    clock.stepWall(86_400_000);
    await clock.advance(10_000);
    expect(config.status().keys.db.state).toBe('expired');
  });
});

describe('an expired value', () => {
  const expire = async (onExpired: 'keep' | 'throw') => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1) });
    const config = await load(source, clock, { onExpired, refresh: { everyMs: 60_000, maxStaleMs: 600_000 } });
    const ref = config.ref('db');
    source.answers.set('us-east-1', new SourceError('network'));
    await clock.advance(700_000);
    return { clock, source, config, ref };
  };

  test('stays readable unless told otherwise', async () => {
    const { config, ref } = await expire('keep');
    expect([config.get('db'), ref.current]).toEqual(['value 1', 'value 1']);
    await config.close();
  });

  test('throws if told so, without the value, until it is confirmed', async () => {
    const { clock, source, config, ref } = await expire('throw');
    const expected = expect.objectContaining({ code: 'ERR_CONFIG_EXPIRED', status: 503, expose: false });
    expect(() => config.get('db')).toThrow(expected);
    expect(() => ref.current).toThrow(expected);
    source.answers.set('us-east-1', v(1));
    await clock.advance(70_000);
    expect([config.get('db'), ref.current]).toEqual(['value 1', 'value 1']);
    await config.close();
  });
});

describe('the order of versions', () => {
  test('a replica that lags does not take back what the fallback region told', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': new SourceError('network'), 'eu-west-1': v(2) });
    await using config = await load(source, clock);
    source.answers.set('us-east-1', v(1));
    await clock.advance(1_800_000);
    expect(config.get('db')).toBe('value 2');
    expect(config.status().keys.db.held).toEqual({ version: 'v1', region: 'us-east-1' });
    source.answers.set('us-east-1', v(3));
    await clock.advance(1_000_000);
    expect(config.get('db')).toBe('value 3');
    expect(config.status().keys.db.held).toBeUndefined();
  });

  test('a rollback is taken when the region says it again, within seconds', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(2) });
    await using config = await load(source, clock);
    source.answers.set('us-east-1', v(1));
    await clock.advance(450_000);
    expect(config.get('db')).toBe('value 2');
    await clock.advance(10_000);
    expect(config.get('db')).toBe('value 1');
  });

  test('a replica that was promoted and went its own way is left when the first region insists', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': new SourceError('network'), 'eu-west-1': v(9) });
    await using config = await load(source, clock);
    source.answers.set('us-east-1', v(1));
    await clock.advance(3_600_000);
    expect(config.get('db')).toBe('value 9');
    await clock.advance(1_800_000);
    expect(config.get('db')).toBe('value 1');
  });

  test('another version of the same value confirms it, however long the first region is down', async () => {
    const clock = fakeClock();
    const same = (version: string) => ({ value: 'same', version });
    const source = scripted({ 'us-east-1': same('a'), 'eu-west-1': same('b') });
    await using config = await load(source, clock, { onExpired: 'throw' });
    source.answers.set('us-east-1', new SourceError('network'));
    await clock.advance(100_000_000);
    expect(config.get('db')).toBe('same');
    expect(config.status().keys.db).toMatchObject({ state: 'fresh', version: 'a', held: { version: 'b' } });
    source.answers.set('eu-west-1', { value: 'other', version: 'c' });
    await clock.advance(100_000_000);
    expect(() => config.get('db')).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_EXPIRED' }));
  });

  test('values without a date follow the first region, whatever another says while it is down', async () => {
    const clock = fakeClock();
    const undated = (n: number) => ({ value: `value ${n}`, version: `v${n}` });
    const source = scripted({ 'us-east-1': undated(1), 'eu-west-1': undated(7) });
    await using config = await load(source, clock);
    source.answers.set('us-east-1', new SourceError('network'));
    await clock.advance(900_000);
    expect(config.get('db')).toBe('value 1');
    source.answers.set('us-east-1', undated(2));
    await clock.advance(1_800_000);
    expect(config.get('db')).toBe('value 2');
  });
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

describe('those who want to know', () => {
  test('of a change are told in the order events, refs, subscribers, and acknowledged', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1) });
    await using config = await load(source, clock);
    const told: unknown[] = [];
    let finish = (): void => {};
    config.on('change', ({ version }) => told.push(`event ${version}`));
    config.ref('db').subscribe((value) => void told.push(`ref ${value}`));
    config.subscribe(async ({ key, version }) => {
      told.push(`subscriber ${key} ${version}`);
      await new Promise<void>((resolve) => (finish = resolve));
    });
    source.answers.set('us-east-1', v(2));
    await clock.advance(900_000);
    expect(told).toEqual(['event v2', 'ref value 2', 'subscriber db v2']);
    expect(config.status().busySubscribers).toBe(1);
    finish();
    await clock.advance(0);
    expect(config.status().busySubscribers).toBe(0);
  });

  test('may throw, reject, refresh or log badly without harm', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1), 'eu-west-1': v(1) });
    const boom = (): never => {
      throw new Error('boom');
    };
    const reject = () => Promise.reject(new Error('boom'));
    await using config = await load(source, clock, { logger: { info: boom, warn: reject, error: boom } });
    const failed: unknown[] = [];
    config.on('change', boom);
    config.on('subscriber-failed', (event) => failed.push(event));
    config.ref('db').subscribe(boom);
    config.ref('db').subscribe(reject as () => void);
    config.subscribe(boom);
    config.subscribe(async () => boom());
    config.subscribe(async ({ key }) => void (await config.refresh(key)));
    source.answers.set('us-east-1', v(2));
    await clock.advance(900_000);
    expect(config.get('db')).toBe('value 2');
    expect(failed).toEqual(Array(4).fill({ key: 'db', version: 'v2' }));
    source.answers.set('us-east-1', new SourceError('denied'));
    await clock.advance(900_000);
    expect(config.status().keys.db.state).toBe('stale');
  });
});
