import { answering } from '../survey/situation.ts';
import type { Veto } from './veto.ts';

/** A server of another cluster is no copy of this database. */
export const foreignSystem: Veto = {
  id: 'foreign-system',
  object: ({ target, situation }) => {
    if (target === undefined) return undefined;
    const other = answering(situation).find(({ state }) => state.system !== target.state.system);
    if (other === undefined) return undefined;
    return {
      where: target.id,
      evidence: `${target.id} and ${other.id} belong to different database clusters.`,
      fix: 'Correct the connection strings of the configuration.',
    };
  },
};
