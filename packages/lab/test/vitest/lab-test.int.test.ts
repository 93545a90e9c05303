import { expect } from 'vitest';
import { labTest } from '../../src/vitest/index.ts';

const test = labTest({ regions: ['us', 'eu'] });
const seen = new Set<unknown>();

test('a test gets running regions', async ({ lab }) => {
  seen.add(lab);
  await lab.primary.query('CREATE TABLE t AS SELECT 1 AS id');
  await lab.caughtUp();
  expect(await lab.region('eu').query('SELECT id FROM t')).toEqual([{ id: 1 }]);
});

test('the tests of a file share them', async ({ lab }) => {
  seen.add(lab);
  expect(seen.size).toBe(1);
  expect(lab.region('eu').role).toBe('standby');
});
