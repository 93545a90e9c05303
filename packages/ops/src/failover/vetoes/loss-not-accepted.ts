import { isAccepted, sayLoss } from '../loss.ts';
import type { Veto } from './veto.ts';

/** A person decides what may be lost, not a command. */
export const lossNotAccepted: Veto = {
  id: 'loss-not-accepted',
  object: ({ plan: { mode, acceptLoss }, target, loss }) => {
    if (mode === 'switchover' || target === undefined || loss === undefined || isAccepted(loss, acceptLoss)) {
      return undefined;
    }
    return {
      where: target.id,
      evidence: `Loss cannot be excluded: ${sayLoss(loss)}.`,
      fix: 'Say what may be lost: --accept-loss 30s (time since its last commit), 16MB (of WAL), or unknown.',
    };
  },
};
