import { furthestFirst } from '../plan.ts';
import { standbys } from '../survey/situation.ts';
import type { Veto } from './veto.ts';

/** What another standby has and this one lacks would be lost without need. */
export const notFurthestAhead: Veto = {
  id: 'not-furthest-ahead',
  object: ({ plan: { mode }, target, situation }) => {
    if (target === undefined) return undefined;
    const ahead = standbys(situation).filter((other) => furthestFirst(other, target) < 0);
    const first = [...ahead].sort(furthestFirst)[0];
    // In a switchover the target still receives: only another timeline can keep it from having everything.
    if (first === undefined || (mode === 'switchover' && first.state.timeline === target.state.timeline))
      return undefined;
    return {
      where: target.id,
      evidence: `${first.id} has more (timeline ${first.state.timeline}, ${first.state.position}) than ${target.id} (timeline ${target.state.timeline}, ${target.state.position}).`,
      fix: `Promote ${first.id}: --to ${first.id}.`,
    };
  },
};
