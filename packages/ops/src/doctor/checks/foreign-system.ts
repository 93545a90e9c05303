import type { Check } from '../check.ts';
import { known, writer } from '../fleet.ts';

export const foreignSystem: Check = {
  id: 'foreign-system',
  title: 'All servers are copies of one database system',
  why: 'A server with another system identifier was made by another initdb: it is no copy, its rows are others, and a failover to it replaces the data. It happens when a standby is rebuilt from the wrong source, or a connection string leads to a test system.',
  incident: 'A wrong host: GitLab in January 2017, where data was removed on the primary by mistake.',
  needs: ['servers'],
  find: (fleet) => {
    const all = known(fleet);
    const ours = mostFrequent(all.map(({ facts }) => facts.system)) ?? writer(fleet)?.facts.system;
    return all
      .filter(({ facts }) => facts.system !== ours)
      .map(({ id, facts }) => ({
        level: 'fault',
        where: id,
        evidence: `${id} is of the system ${facts.system}; the others are of ${ours}.`,
        fix: `Correct the connection string of ${id}, or make it again by pg_basebackup from the primary.`,
      }));
  },
};

/** Undefined where two are equally frequent: then the primary decides. */
function mostFrequent(systems: readonly string[]): string | undefined {
  const count = (system: string): number => systems.filter((other) => other === system).length;
  const [first, second] = [...new Set(systems)].sort((one, other) => count(other) - count(one));
  if (first === undefined || second === undefined) return first;
  return count(first) > count(second) ? first : undefined;
}
