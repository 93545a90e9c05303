import { isAccepted, sayLoss } from '../loss.ts';
import type { Veto } from './veto.ts';

/** A person decides what may be lost, not a command. */
export const lossNotAccepted: Veto = {
  id: 'loss-not-accepted',
  object: ({ plan: { mode, acceptLoss }, target, loss }) => {
    if (mode === 'switchover' || target === undefined || loss === undefined || isAccepted(loss, acceptLoss)) {
      return undefined;
    }
    const isAmount = acceptLoss.kind === 'bytes' && loss.bytes === undefined;
    const why = isAmount ? ' An amount of WAL is known only while the old primary answers: give a time.' : '';
    return {
      where: target.id,
      evidence: `Loss cannot be excluded: ${sayLoss(loss)}.${why}`,
      fix: 'Say what may be lost: --accept-loss 30s (from its last commit until the apps found no primary; or until now, if the app of a region does not say so, also of the lost one, which may still take writes), 16MB (of WAL, if the old primary answers), or unknown.',
    };
  },
};
