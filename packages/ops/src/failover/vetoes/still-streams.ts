import { standbys } from '../survey/situation.ts';
import { cascadesFrom, isStreaming } from '../survey/streams.ts';
import type { Veto } from './veto.ts';

/** A primary that feeds a standby is not dead: its app may write to it. */
export const stillStreams: Veto = {
  id: 'still-streams',
  object: ({ plan: { mode, from }, situation }) => {
    if (mode === 'switchover') return undefined;
    const streaming = standbys(situation).filter(
      ({ region, state }) =>
        region !== from && isStreaming(state) && cascadesFrom(situation, state, from) === undefined,
    );
    if (streaming.length === 0) return undefined;
    return {
      where: streaming[0]?.id ?? 'fleet',
      evidence: `${streaming.map(({ id }) => id).join(' and ')} ${streaming.length > 1 ? 'still stream' : 'still streams'} from the primary.`,
      fix: 'The primary lives. Use --mode switchover, or cut it off and wait until nothing streams from it.',
    };
  },
};
