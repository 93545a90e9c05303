import { writers } from '../survey/situation.ts';
import type { Veto } from './veto.ts';

/** Only a primary that answers can give its role away. */
export const noPrimary: Veto = {
  id: 'no-primary',
  object: ({ plan: { mode, from }, situation, isFencing }) =>
    mode === 'failover' || isFencing || writers(situation).some(({ region }) => region === from)
      ? undefined
      : {
          where: from,
          evidence: `No server of ${from} answers as a primary.`,
          fix: 'Correct --from. If the primary is gone, use --mode failover.',
        },
};
