import { expect, test } from 'vitest';
import { harmless } from '../../src/kit/index.ts';
import type { Logger } from '../../src/kit/logger.ts';

test('harmless() passes each line on, and nothing of a logger that throws or rejects', async () => {
  const lines: string[] = [];
  const rejections: unknown[] = [];
  const onRejection = (reason: unknown) => void rejections.push(reason);
  process.on('unhandledRejection', onRejection);
  const logger = {
    lines,
    info(message: string) {
      this.lines.push(message);
    },
    warn: async () => Promise.reject(new Error('later')),
    error: () => {
      throw new Error('at once');
    },
  };
  const quiet = harmless(logger as Logger);
  quiet.info('a line');
  quiet.warn('another');
  quiet.error('a third');
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onRejection);
  expect(lines).toEqual(['a line']);
  expect(rejections).toEqual([]);
});
