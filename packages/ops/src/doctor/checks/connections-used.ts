import type { Check } from '../check.ts';
import { known } from '../fleet.ts';
import { places } from './connection-headroom.ts';

const SHARE = 0.8;

export const connectionsUsed: Check = {
  id: 'connections-used',
  title: 'No server is short of connections now',
  why: 'When the last connection is taken, new processes, health checks and operators are refused. A deploy or a failover needs more than usual: old and new processes are connected at the same time.',
  incident: 'An overloaded database, and health checks that take everything out: Buildkite in August 2016.',
  needs: ['servers'],
  find: (fleet) =>
    known(fleet).flatMap((node) => {
      const room = places(node);
      const { used } = node.facts.connections;
      if (room === undefined || used <= room * SHARE) return [];
      return [
        {
          level: 'warning',
          where: node.id,
          evidence: `${used} of ${room} connections of ${node.id} are in use.`,
          fix: 'Look in pg_stat_activity who holds them; make pools smaller, or raise max_connections (on standbys first).',
        },
      ];
    }),
};
