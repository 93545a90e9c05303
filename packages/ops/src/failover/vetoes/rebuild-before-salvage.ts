import type { ManagerState } from '../survey/situation.ts';
import type { Objection, Veto } from './veto.ts';

/** A manager that rewinds the old primary by itself, or drops its slot, deletes the only copy of the writes that the new one lacks. */
export const rebuildBeforeSalvage: Veto = {
  id: 'rebuild-before-salvage',
  object: ({ plan: { mode, discardTail, from }, loss, situation: { manager } }) => {
    if (mode === 'switchover' || loss?.excluded === true || discardTail || manager === undefined) return undefined;
    const why = whyNot(manager);
    return why === undefined ? undefined : { where: from, ...why };
  },
};

function whyNot({ name, rewinds, dropsSlots = [] }: ManagerState): Omit<Objection, 'where'> | undefined {
  if (rewinds) {
    return {
      evidence: `${name} rewinds or wipes the old primary as soon as it comes back, with the writes that only it has.`,
      fix: 'Turn that off (use_pg_rewind, remove_data_directory_on_rewind_failure, remove_data_directory_on_diverged_timelines). Or give these writes up: --discard-tail.',
    };
  }
  if (dropsSlots.length === 0) return undefined;
  const matchers = dropsSlots.map((slot) => `{ name: ${slot}, type: logical }`).join(', ');
  return {
    evidence: `${name} drops the slot ${dropsSlots.join(', ')} as soon as the old primary comes back, and with it the list of the writes that only it has.`,
    fix: `Add it to ignore_slots (patronictl edit-config): ignore_slots: [${matchers}]. Or give these writes up: --discard-tail.`,
  };
}
