import assert from 'node:assert';
import { test } from 'node:test';
import { router } from './router.ts';

test('a statement under the test runner of Node', async () => {
  const { rows } = await router.transaction((tx) => tx.query<{ one: number }>('SELECT 1 AS one'));
  assert.deepEqual(rows, [{ one: 1 }]);
});
