import { expect, test } from 'vitest';
import { SourceError } from '../src/index.ts';
import { fakeClock, load, scripted, v } from './support.ts';

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

test('a rollback is one also of a version that another region told first', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': new SourceError('network'), 'eu-west-1': v(2) });
  await using config = await load(source, clock);
  source.answers.set('us-east-1', v(2));
  await clock.advance(900_000);
  source.answers.set('us-east-1', v(1));
  await clock.advance(920_000);
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
