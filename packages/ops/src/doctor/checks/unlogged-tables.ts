import type { Check } from '../check.ts';
import { catalog } from '../fleet.ts';
import { names } from '../say.ts';

export const unloggedTables: Check = {
  id: 'unlogged-tables',
  title: 'No table is unlogged',
  why: 'An unlogged table is not replicated: reading it on a standby is an error, and after a failover it is empty. That is fine for a cache, and nothing else.',
  incident: 'Jobs or sessions gone after a failover, though replication was well.',
  needs: ['a-server'],
  find: (fleet) => {
    const tables = catalog(fleet)?.facts.unloggedTables ?? [];
    if (tables.length === 0) return [];
    return [
      {
        level: 'warning',
        where: 'fleet',
        evidence: `Unlogged tables: ${names(tables)}.`,
        fix: 'Run ALTER TABLE … SET LOGGED, unless its rows may be lost and no region reads it from a standby.',
      },
    ];
  },
};
