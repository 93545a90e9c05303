import type { Veto } from './veto.ts';

/** A manager that rewinds the old primary by itself deletes the only copy of the writes that the new one lacks. */
export const rebuildBeforeSalvage: Veto = {
  id: 'rebuild-before-salvage',
  object: ({ plan: { mode, discardTail, from }, loss, situation: { manager } }) => {
    if (mode === 'switchover' || loss?.excluded === true || discardTail || manager?.rewinds !== true) return undefined;
    return {
      where: from,
      evidence: `${manager.name} rewinds or wipes the old primary as soon as it comes back, with the writes that only it has.`,
      fix: 'Turn that off (use_pg_rewind, remove_data_directory_on_rewind_failure, remove_data_directory_on_diverged_timelines). Or give these writes up: --discard-tail.',
    };
  },
};
