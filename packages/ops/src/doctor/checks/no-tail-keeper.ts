import type { Check } from '../check.ts';
import { writer } from '../fleet.ts';

export const noTailKeeper: Check = {
  id: 'no-tail-keeper',
  title: 'A tail keeper can list the writes that a failover loses',
  why: 'A primary that dies may have commits that no standby has received. They can be decoded from its WAL only with a logical slot that was made before. With wal_level = logical a tail keeper can keep one.',
  incident:
    'Writes that were lost, and found one by one by hand: GitHub in October 2018 compared 954 writes of its busiest cluster.',
  needs: ['primary'],
  find: (fleet) => {
    const node = writer(fleet);
    if (node === undefined || node.facts.tail !== null || node.facts.settings['wal_level'] !== 'logical') return [];
    return [
      {
        level: 'note',
        where: node.id,
        evidence: `${node.id} has wal_level = logical, and no tail keeper is installed in this database.`,
        fix: 'Apply the SQL of regionkit tail install, and make a keeper (createTailKeeper) in every process that writes.',
      },
    ];
  },
};
