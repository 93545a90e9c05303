import type { Check } from '../check.ts';
import { catalog } from '../fleet.ts';
import { names } from '../say.ts';

export const tablesWithoutKey: Check = {
  id: 'tables-without-key',
  title: 'Every table has a key',
  why: 'After a failover, lost writes are found by comparing rows by their key. Rows of a table without one can only be counted. A DEFERRABLE primary key is none here, because the WAL does not have it. Logical replication, as for an upgrade without downtime, needs a key for UPDATE and DELETE, too.',
  incident: 'Writes on both sides, compared by hand for a day: GitHub in October 2018.',
  needs: ['a-server'],
  find: (fleet) => {
    const tables = catalog(fleet)?.facts.tablesWithoutKey ?? [];
    if (tables.length === 0) return [];
    return [
      {
        level: 'warning',
        where: 'fleet',
        evidence: `Tables without a key in the WAL: ${names(tables)}.`,
        fix: 'Run ALTER TABLE … ADD PRIMARY KEY (not DEFERRABLE), or name a unique index by ALTER TABLE … REPLICA IDENTITY USING INDEX. If a table has REPLICA IDENTITY NOTHING: ALTER TABLE … REPLICA IDENTITY DEFAULT.',
      },
    ];
  },
};
