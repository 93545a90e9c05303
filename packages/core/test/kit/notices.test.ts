import { afterEach, expect, test, vi } from 'vitest';
import { createNotices } from '../../src/kit/index.ts';

afterEach(() => void vi.restoreAllMocks());

test('without a logger a notice is a process warning with its code, once for each code', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const notice = createNotices();
  notice('REGIONKIT_A', 'mount it first');
  notice('REGIONKIT_A', 'mount it first');
  notice('REGIONKIT_B', 'name a region');
  expect(warned.mock.calls).toEqual([
    ['mount it first', { code: 'REGIONKIT_A' }],
    ['name a region', { code: 'REGIONKIT_B' }],
  ]);
});

test('each factory tells its own', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  createNotices()('REGIONKIT_A', 'x');
  createNotices()('REGIONKIT_A', 'x');
  expect(warned).toHaveBeenCalledTimes(2);
});

test('with a logger it is a line of the log that names the code, and no process warning', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  const lines: string[] = [];
  const logger = { info: () => {}, warn: (line: string) => void lines.push(line), error: () => {} };
  const notice = createNotices(logger);
  notice('REGIONKIT_A', 'mount it first');
  notice('REGIONKIT_A', 'mount it first');
  expect(lines).toEqual(['mount it first (REGIONKIT_A)']);
  expect(warned).not.toHaveBeenCalled();
});

test.each([
  [
    'throws',
    () => {
      throw new Error('full');
    },
  ],
  ['rejects', () => Promise.reject(new Error('full'))],
])('a logger that %s harms nothing else', async (_how, warn) => {
  createNotices({ info: () => {}, warn, error: () => {} })('REGIONKIT_A', 'x');
  await new Promise((resolve) => setImmediate(resolve));
});
