import { defineRegions } from '@regionkit/core';
import pg from 'pg';
import { createRegionRouter, type RegionRouter } from '../../../src/index.ts';

/** Pools that let the process go while nothing is under way: what keeps it alive is the router's. */
const pool = (connectionString: string): pg.Pool =>
  new pg.Pool({ connectionString, allowExitOnIdle: true, connectionTimeoutMillis: 1_000 });

/** The router of a script, over the databases its parent names. */
export const router: RegionRouter<'us' | 'eu'> = createRegionRouter({
  regions: defineRegions({
    self: 'us',
    all: { us: { origin: 'https://us.example.com' }, eu: { origin: 'https://eu.example.com' } },
  }),
  pools: { us: pool(process.env['US'] ?? ''), eu: pool(process.env['EU'] ?? '') },
  writes: 'remote-pool',
  hold: { timeoutMs: Number(process.env['HOLD_MS']) },
});
