import { afterEach, expect, test, vi } from 'vitest';
import { SourceError } from '../src/index.ts';
import { fakeClock, load, scripted, v } from './support.ts';

const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
afterEach(() => void warned.mockClear());
const codes = (): unknown[] => warned.mock.calls.map(([, more]) => (more as { code: string }).code);

test('without a logger a value that is not refreshed, and then expires, is a process warning each, once', async () => {
  const clock = fakeClock();
  const source = scripted({ 'us-east-1': v(1) });
  await using config = await load(source, clock, { refresh: { maxStaleMs: 3_600_000 } });
  source.answers.set('us-east-1', new SourceError('timeout'));
  await clock.advance(1_000_000);
  expect(codes()).toEqual(['REGIONKIT_NOT_REFRESHED']);
  await clock.advance(4_000_000);
  expect(codes()).toEqual(['REGIONKIT_NOT_REFRESHED', 'REGIONKIT_EXPIRED']);
  expect(config.get('db')).toBe('value 1');
});

test('with a logger it is told there alone', async () => {
  const clock = fakeClock();
  const lines: string[] = [];
  const hear = (line: string): void => void lines.push(line);
  const source = scripted({ 'us-east-1': v(1) });
  await using _config = await load(source, clock, { logger: { info: hear, warn: hear, error: hear } });
  source.answers.set('us-east-1', new SourceError('timeout'));
  await clock.advance(1_000_000);
  expect(lines.length).toBeGreaterThan(0);
  expect(codes()).toEqual([]);
});
