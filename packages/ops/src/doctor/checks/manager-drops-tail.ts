import type { Check } from '../check.ts';
import { tailOf } from '../fleet.ts';
import { ignoresSlot } from '../manager/patroni.ts';

export const managerDropsTail: Check = {
  id: 'manager-drops-tail',
  title: 'No manager drops the slot of the tail keeper',
  why: 'Patroni drops every replication slot that it does not know, at the latest when an old primary returns: then the slot with the lost writes is gone before salvage can read it. ignore_slots keeps it from that.',
  incident: 'A slot dropped by the manager of the cluster: in our drill Patroni did it within seconds of the return.',
  needs: ['primary', 'managers'],
  find: (fleet) => {
    const { tail } = tailOf(fleet) ?? {};
    if (tail === undefined) return [];
    const slot = { name: tail.slot, type: 'logical', database: tail.database, plugin: 'test_decoding' };
    return fleet.managers.flatMap(({ region, facts }) =>
      !facts.ok || ignoresSlot(facts.value, slot)
        ? []
        : [
            {
              level: 'fault' as const,
              where: region,
              evidence: `Patroni of ${region} drops the slot ${tail.slot} when it sees it.`,
              fix: `Add it to ignore_slots (patronictl edit-config): ignore_slots: [{ name: ${tail.slot}, type: logical }]`,
            },
          ],
    );
  },
};
