import { defineRegions } from '@regionkit/core';
import { Pool } from 'pg';
import { createRegionRouter } from '../../src/index.ts';

/** An app that writes when it is told to; its parent suspends it meanwhile. */
const router = createRegionRouter({
  regions: defineRegions({
    self: 'us' as const,
    all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
  }),
  pools: {
    us: new Pool({ connectionString: process.env['US'] }),
    eu: new Pool({ connectionString: process.env['EU'] }),
  },
  writes: 'remote-pool',
  token: { secret: process.env['SECRET'] ?? '' },
});
let suspended = 0;
router.on('suspended', () => {
  suspended += 1;
});
process.on('message', async () => {
  await router.write("INSERT INTO note (text) VALUES ('after the sleep')");
  process.send?.({ node: router.explain('write').node, suspended });
});
await router.write("INSERT INTO note (text) VALUES ('before the sleep')");
process.send?.('ready');
