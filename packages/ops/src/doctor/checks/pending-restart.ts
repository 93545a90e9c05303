import type { Check } from '../check.ts';
import { known } from '../fleet.ts';
import { names } from '../say.ts';

export const pendingRestart: Check = {
  id: 'pending-restart',
  title: 'No setting waits for a restart',
  why: 'The server runs with other settings than its configuration says. The next restart, perhaps in a failover, changes them all at once; with a wrong value it does not start.',
  incident: 'A server that starts differently from how it ran, found in the restart of a failover.',
  needs: ['servers'],
  find: (fleet) =>
    known(fleet)
      .filter(({ facts }) => facts.pendingRestart.length > 0)
      .map(({ id, facts }) => ({
        level: 'warning',
        where: id,
        evidence: `${id} must be restarted before it uses ${names(facts.pendingRestart)}.`,
        fix: `Restart ${id} in a quiet hour, or take the change back and reload.`,
      })),
};
