import { defineRegions } from '@regionkit/core';
import { Pool } from 'pg';
import { expect, it } from 'vitest';
import { createRegionRouter } from '../src/index.ts';

it('a closed router explains that nothing goes anywhere, also to health, which would go on counting reads as served', async () => {
  const regions = defineRegions({ self: 'us', all: { us: { origin: 'https://us.example.com' } } });
  const router = createRegionRouter({ regions, pools: { us: new Pool({ host: '127.0.0.1', port: 1 }) } });
  expect(router.explain('read').reason).toBe('no-readable-node');
  await router.close({ pools: true });
  for (const intent of ['read', 'write'] as const) {
    expect(router.explain(intent)).toEqual({ action: 'reject', reason: 'closed' });
  }
  expect(router.explain('read', 'a token').reason).toBe('closed');
});
