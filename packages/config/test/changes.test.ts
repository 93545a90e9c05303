import { expect, test } from 'vitest';
import { SourceError } from '../src/index.ts';
import { fakeClock, load, scripted, v } from './support.ts';

test('a change is told in the order events, refs, subscribers, and acknowledged by them', async () => {
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

test('whoever listens may throw, reject, refresh or log badly without harm', async () => {
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
  expect(config.ref('db').stale).toBe(true);
  source.answers.set('us-east-1', v(3));
  await clock.advance(900_000);
  expect(config.ref('db').stale).toBe(false);
});
