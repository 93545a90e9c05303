import { answering } from '../survey/situation.ts';
import type { Veto } from './veto.ts';

/** pg_promote() behind the back of a manager makes two primaries: the manager still knows the old one. */
export const managed: Veto = {
  id: 'managed',
  object: ({ plan: { adapter }, situation }) => {
    if (adapter !== 'postgres') {
      const { manager } = situation;
      if (manager?.refuses === undefined) return undefined;
      return { where: 'fleet', evidence: `${manager.name}: ${manager.refuses}.`, fix: 'Repair that first.' };
    }
    const node = answering(situation).find(({ state }) => state.manager !== null || state.hosted);
    if (node === undefined) return undefined;
    const by = node.state.manager === null ? 'Amazon RDS' : 'a manager of high availability';
    return {
      where: node.id,
      evidence: `${by} manages ${node.id}: it must do the promotion.`,
      fix: 'Set failover.adapter to patroni in the configuration, or use the command of the manager.',
    };
  },
};
