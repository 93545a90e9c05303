import type { Check, Found } from '../check.ts';
import type { Fleet } from '../fleet.ts';
import { underAutoFailover } from '../manager/auto-failover.ts';
import { names } from '../say.ts';

export const managerRewinds: Check = {
  id: 'manager-rewinds',
  title: 'No manager rewinds or wipes an old primary by itself',
  why: 'An old primary holds the writes that were acknowledged and not replicated. Patroni with use_pg_rewind, and pg_auto_failover always, remove them within seconds of its return: then nobody can tell whose they were. Save them before anything is rewound.',
  incident:
    'Options that remove the tail: postgresql-operator#1173. Patroni and pg_auto_failover did it within seconds in our drills.',
  needs: ['a-server', 'managers'],
  find: (fleet) => [...ofPatroni(fleet), ...ofAutoFailover(fleet)],
};

function ofPatroni({ managers }: Fleet): readonly Found[] {
  return managers.flatMap(({ region, facts }): readonly Found[] => {
    if (!facts.ok) {
      return [
        {
          level: 'unknown',
          where: region,
          evidence: `Patroni of ${region} did not show its configuration.`,
          fix: 'Correct the address of its REST API in the configuration, and ask it from here: curl …/config.',
        },
      ];
    }
    const { destructive } = facts.value;
    if (destructive.length === 0) return [];
    return [
      {
        level: 'warning',
        where: region,
        evidence: `Patroni of ${region} has ${names(destructive)} on.`,
        fix: 'Turn them off (patronictl edit-config), and rewind by hand after the lost writes were saved.',
      },
    ];
  });
}

/** It has no option for it. */
const ofAutoFailover = (fleet: Fleet): readonly Found[] =>
  underAutoFailover(fleet).map(({ id }) => ({
    level: 'warning',
    where: id,
    evidence: `${id} is under pg_auto_failover, which rewinds an old primary by itself.`,
    fix: 'Stop its node (pg_autoctl) before an old primary comes back, and save the lost writes first.',
  }));
