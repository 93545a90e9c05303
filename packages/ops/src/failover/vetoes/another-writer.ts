import { isFenced, writers } from '../survey/situation.ts';
import type { Veto } from './veto.ts';

/** Two servers that take writes diverge. */
export const anotherWriter: Veto = {
  id: 'another-writer',
  object: ({ plan: { mode, from, target }, situation }) => {
    const others = writers(situation).filter((node) => {
      if (node.id === target) return false;
      return mode === 'switchover' ? node.region !== from : !isFenced(node);
    });
    if (others.length === 0) return undefined;
    const names = others.map(({ id }) => id).join(' and ');
    return {
      where: others[0]?.id ?? 'fleet',
      evidence: `${names} answers and takes writes.`,
      fix:
        mode === 'switchover'
          ? 'Find out which one is the primary (regionkit doctor), and fence the other.'
          : `If it is well, use --mode switchover. If not, fence it first: regionkit fence --region ${from} --execute.`,
    };
  },
};
