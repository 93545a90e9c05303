import type { Proposal } from '../plan.ts';
import { answering, type Situation, writers } from '../survey/situation.ts';
import type { Veto } from './veto.ts';

/** pg_promote() behind the back of a manager makes two primaries: the manager still knows the old one. */
export const managed: Veto = {
  id: 'managed',
  object: ({ plan, situation, isPromoting = false }) => {
    const { manager } = situation;
    if (manager?.refuses !== undefined)
      return {
        where: 'fleet',
        evidence: `${manager.name}: ${manager.refuses}.`,
        fix: 'Repair that first: start an agent, or correct its address in the configuration. Until then nothing can be promoted by it.',
      };
    const about = concerned(plan, situation).find((id) => {
      const objection = manager?.objections?.get(id);
      return objection !== undefined && !(objection.passes && isPromoting);
    });
    if (about !== undefined) {
      const why = manager?.objections?.get(about)?.why;
      return {
        where: about,
        evidence: `${manager?.name}: ${why}.`,
        fix: 'Repair that first, or wait until it is over.',
      };
    }
    if (plan.adapter !== 'postgres') return undefined;
    const node = answering(situation).find(({ state }) => state.manager !== null || state.hosted);
    if (node === undefined) return undefined;
    const by = node.state.manager === null ? 'Amazon RDS' : 'a manager of high availability';
    return {
      where: node.id,
      evidence: `${by} manages ${node.id}: it must do the promotion.`,
      fix: 'Set failover.adapter to patroni or rds in the configuration, or use the command of the manager.',
    };
  },
};

/** The server to promote, and in a switchover the one that gives its role away. */
const concerned = ({ target, mode, from }: Proposal, situation: Situation): readonly string[] => [
  ...(target === undefined ? [] : [target]),
  ...(mode === 'switchover' ? writers(situation).flatMap(({ id, region }) => (region === from ? [id] : [])) : []),
];
