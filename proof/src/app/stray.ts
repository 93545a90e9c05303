import { defineRegions } from '@regionkit/core';
import { createRegionRouter, postgresReadings } from '@regionkit/db-router';
import { Pool } from 'pg';
import { GLOBAL_HOST, perRegion, REGIONS } from '../regions.ts';

/** How much further the copy's timeline is: a few promotions that this environment never saw. */
const AHEAD = 7;

/**
 * A token of another environment: the same regions, hosts and secret, and a copy of the database in which standbys were
 * promoted. A browser brings one where two environments share a cookie domain. Made by an app, so that a planted bug
 * is in the copy as well.
 *
 * @param database the primary
 */
export async function makeStrayToken(database: string, secret: string): Promise<string> {
  const pool = new Pool({ connectionString: database, max: 1 });
  const router = createRegionRouter({
    regions: defineRegions({
      self: REGIONS[0],
      all: perRegion((name) => ({ origin: `http://${name}.copy.test` })),
      hosts: [GLOBAL_HOST],
      development: true,
    }),
    pools: { [REGIONS[0]]: pool },
    coldStart: 'trust',
    token: { secret, environment: 'a-copy' },
    readings: {
      ...postgresReadings,
      parse: (row) => {
        const reading = postgresReadings.parse(row);
        return { ...reading, timeline: (reading.timeline ?? 0) + AHEAD };
      },
    },
    logger: { info: () => {}, warn: () => {}, error: () => {} },
  });
  try {
    const token = await router.run({}, async () => {
      await router.transaction((tx) => tx.query('CREATE TEMPORARY TABLE stray () ON COMMIT DROP'));
      return router.token();
    });
    if (token === undefined) throw new Error('the copy gave no token');
    return token;
  } finally {
    await router.close({ pools: true });
  }
}
