import { defineRegions } from '@regionkit/core';
import { createRegionRouter, type RegionRouter } from '@regionkit/db-router';
import type { Lab, LabRegion } from '@regionkit/lab';
import pg from 'pg';

export const HERE = 'us-east-1';
export const THERE = 'eu-west-1';
export type Name = typeof HERE | typeof THERE;

/** Between the two regions. */
export const ROUND_TRIP_MS = 80;
/** What every contender may open. */
export const CONNECTIONS = 32;
export const SECRET = 'a secret of the bench, 32 bytes long';
export const SELECT = 'select v from kv where k = $1';
export const INSERT = 'insert into log (v) values ($1)';
const KEYS = 1_000;

export async function createTables(lab: Lab<Name>): Promise<void> {
  await lab.primary.query(
    `create table kv (k int primary key, v text);
     insert into kv select n, 'value ' || n from generate_series(1, ${KEYS}) n;
     create table log (id bigserial primary key, v text)`,
  );
  await lab.caughtUp();
}

/**
 * Straight to a region's server. The lab's own ways run on this process's event loop: they would weigh on every
 * contender alike, and so make all of them look alike.
 */
export function direct(region: LabRegion<Name>): string {
  const url = new URL(region.connectionString);
  url.port = new URL(region.adminConnectionString).port;
  return url.href;
}

export function directPool(region: LabRegion<Name>, max: number = CONNECTIONS): pg.Pool {
  const pool = new pg.Pool({ connectionString: direct(region), max, idleTimeoutMillis: 0 });
  pool.on('error', () => {});
  return pool;
}

/** A router in `self`, which knows the primary; the database of the other region is a round trip away. */
export async function routerIn(self: Name, lab: Lab<Name>, max: number = CONNECTIONS): Promise<RegionRouter<Name>> {
  const pools = Object.fromEntries(
    [HERE, THERE].map((name) => {
      const region = lab.region(name as Name);
      return [name, name === self ? directPool(region, max) : region.pool({ from: self, max })];
    }),
  ) as Record<Name, pg.Pool>;
  const router = createRegionRouter({
    regions: defineRegions({
      self,
      all: { [HERE]: { origin: 'https://us.example.com' }, [THERE]: { origin: 'https://eu.example.com' } },
    }),
    pools,
    writes: 'remote-pool',
    token: { secret: SECRET },
  });
  return knowing(router);
}

/** The same router, when it knows its primary. */
export async function knowing<N extends string>(router: RegionRouter<N>): Promise<RegionRouter<N>> {
  await router.ready();
  while (router.gate.primaryNow() === undefined) await new Promise((done) => setTimeout(done, 20));
  return router;
}

/** Keys in turn, so that no contender reads another row than the others. */
export function keysInTurn(): () => number {
  let key = 0;
  return () => {
    key = (key % KEYS) + 1;
    return key;
  };
}
