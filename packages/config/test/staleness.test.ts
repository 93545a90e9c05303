import { describe, expect, test } from 'vitest';
import { SourceError } from '../src/index.ts';
import { fakeClock, load, scripted, v } from './support.ts';

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

  test('looks first and expires then, if the wall clock was set a day ahead', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1) });
    await using config = await load(source, clock, { onExpired: 'throw' });
    const expired: unknown[] = [];
    config.on('expired', (event) => expired.push(event));
    await clock.advance(1_000);
    clock.stepWall(2 * 86_400_000);
    // Whoever asks, or whatever tick comes first, begins the look; the value was confirmed a second ago.
    expect(config.status()).toMatchObject({ verdict: 'warn', keys: { db: { state: 'stale' } } });
    expect(config.get('db')).toBe('value 1');
    await clock.advance(10_000);
    expect(config.get('db')).toBe('value 1');
    expect(config.status().verdict).toBe('pass');
    expect(expired).toEqual([]);
  });

  test('looks first and expires then, if it slept for days by both clocks', async () => {
    const clock = fakeClock();
    const source = scripted({ 'us-east-1': v(1) });
    await using config = await load(source, clock, { onExpired: 'throw' });
    await clock.advance(1_000);
    clock.suspend(2 * 86_400_000);
    expect(config.status().keys.db.state).toBe('stale');
    await clock.advance(10_000);
    expect(config.get('db')).toBe('value 1');
    source.answers.set('us-east-1', new SourceError('network'));
    clock.suspend(2 * 86_400_000);
    expect(config.get('db')).toBe('value 1');
    await clock.advance(10_000);
    expect(() => config.get('db')).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_EXPIRED' }));
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
