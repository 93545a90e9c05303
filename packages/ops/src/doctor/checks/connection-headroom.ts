import type { Check } from '../check.ts';
import { type Fleet, type KnownNode, known, setting } from '../fleet.ts';
import { poolMaxOf } from '../processes.ts';

/** How many sessions ordinary roles may open. */
export function places(node: KnownNode): number | undefined {
  const all = setting(node, 'max_connections');
  if (all === undefined) return undefined;
  const reserved =
    (setting(node, 'superuser_reserved_connections') ?? 0) + (setting(node, 'reserved_connections') ?? 0);
  return all - reserved;
}

export const connectionHeadroom: Check = {
  id: 'connection-headroom',
  title: 'Every server has connections for the pools of all regions',
  why: 'After the loss of a region its traffic and its processes move to the others, and every process opens its pool to the new primary. When the sum is above max_connections, the failover ends in "too many clients".',
  incident: 'Too many clients, and health checks that take everything out: Buildkite in August 2016.',
  needs: ['servers', 'pools'],
  find: (fleet) => {
    const { sum, words } = demand(fleet);
    return known(fleet).flatMap((node) => {
      const room = places(node);
      if (room === undefined || sum <= room) return [];
      return [
        {
          level: 'fault',
          where: node.id,
          evidence: `${words} may open ${sum} connections; ${node.id} has ${room}.`,
          fix: `Raise max_connections to ${sum + (setting(node, 'max_connections') ?? 0) - room} or more (on standbys first), make the pools smaller, or put a pooler in front.`,
        },
      ];
    });
  },
};

/** What all pools together may ask of one server: as the configuration says, or as the processes do. */
function demand({ config: { app, regions }, processes }: Fleet): { readonly sum: number; readonly words: string } {
  if (app === undefined) {
    const sum = processes.reduce((all, process) => all + poolMaxOf(process), 0);
    return { sum, words: `${processes.length} processes` };
  }
  const sum = regions.length * app.processes * app.poolMax;
  return { sum, words: `${app.processes} processes in each of ${regions.length} regions with pools of ${app.poolMax}` };
}
