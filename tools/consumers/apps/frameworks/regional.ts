import { createAffinity } from '@regionkit/affinity';
import { compose, type Decider, type Doors, defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createWriteGate } from '@regionkit/db-router/http';
import { createHealth } from '@regionkit/health';
import { Pool } from 'pg';

/** What an app of every framework is made of: health, affinity and the write gate, and what its handlers do. */
export interface Regional {
  readonly doors: Decider & Doors;
  place(): Promise<string>;
  list(): Promise<readonly string[]>;
  close(): Promise<void>;
}

export const ELSEWHERE = 'http://127.0.0.1:9';

export function createRegional(databases: Readonly<Record<'us-east-1' | 'eu-west-1', string>>): Regional {
  const secret = 'a secret of the consumers, long enough to sign with';
  const regions = defineRegions({
    self: 'us-east-1',
    all: { 'us-east-1': { origin: 'http://127.0.0.1:8' }, 'eu-west-1': { origin: ELSEWHERE } },
    hosts: ['127.0.0.1'],
    development: true,
  });
  const health = createHealth({ regions });
  const router = createRegionRouter({
    regions,
    pools: {
      'us-east-1': new Pool({ connectionString: databases['us-east-1'] }),
      'eu-west-1': new Pool({ connectionString: databases['eu-west-1'] }),
    },
    token: { secret },
  });
  health.follow(router);
  const affinity = createAffinity({ regions, trustUnknown: true });
  const gate = createWriteGate({ router });
  return {
    doors: compose(health, affinity, gate),
    place: async () => {
      const { rows } = await router.write<{ id: string }>('insert into orders default values returning id::text');
      return rows[0]?.id ?? 'none';
    },
    list: async () => {
      const { rows } = await router.read<{ id: string }>('select id::text from orders order by id');
      return rows.map(({ id }) => id);
    },
    close: async () => {
      await gate.close();
      await router.close({ pools: true });
      await health.close();
    },
  };
}
