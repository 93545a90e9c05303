import type { Veto } from './veto.ts';

/** Who rebuilds the old primary deletes the only copy of the writes that the new one lacks. */
export const rebuildBeforeSalvage: Veto = {
  id: 'rebuild-before-salvage',
  object: ({ plan: { mode, rebuild, tail, from }, loss, situation: { manager } }) => {
    if (mode === 'switchover' || loss?.excluded === true || tail.givenUp || tail.savedIn !== undefined)
      return undefined;
    const fix = 'Save its writes first, then name their directory: --salvaged DIR. Or give them up: --give-up-tail.';
    if (rebuild) {
      return { where: from, evidence: 'A rebuild would delete writes that only the old primary has.', fix };
    }
    if (manager?.rewinds !== true) return undefined;
    return {
      where: from,
      evidence: `${manager.name} rewinds or wipes the old primary as soon as it comes back, with the writes that only it has.`,
      fix: `Turn that off (use_pg_rewind, remove_data_directory_on_rewind_failure, remove_data_directory_on_diverged_timelines). ${fix}`,
    };
  },
};
