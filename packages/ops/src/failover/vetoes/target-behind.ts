import { bytesOfLsn } from '../../postgres/lsn.ts';
import { writers } from '../survey/situation.ts';
import type { Veto } from './veto.ts';

/** What a standby receives and replays within the time in which writes may be held. */
const MAX_BEHIND_BYTES = 64 * 1_024 ** 2;

/** In a switchover no write is taken until the target has everything: it must not be far behind when that begins. */
export const targetBehind: Veto = {
  id: 'target-behind',
  object: ({ plan: { mode, from }, target, situation, isFencing }) => {
    if (mode === 'failover' || isFencing || target === undefined) return undefined;
    const source = writers(situation).find(({ region }) => region === from);
    if (source === undefined || source.state.timeline !== target.state.timeline) return undefined;
    const has = bytesOfLsn(target.state.replayed ?? target.state.position);
    const behind = Number(bytesOfLsn(source.state.position) - has);
    if (behind <= MAX_BEHIND_BYTES) return undefined;
    return {
      where: target.id,
      evidence: `${target.id} must still replay ${Math.round(behind / 1_024 ** 2)} MB: no write would be taken meanwhile.`,
      fix: 'Wait until it has less than 64 MB to replay (regionkit status).',
    };
  },
};
