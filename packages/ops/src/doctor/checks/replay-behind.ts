import type { Check } from '../check.ts';
import { setting, standbys } from '../fleet.ts';
import { bytes } from '../say.ts';

export const replayBehind: Check = {
  id: 'replay-behind',
  title: 'Every standby has replayed what it received',
  why: 'A promotion first replays everything that was received: writes wait for that long. Reads from the standby are old meanwhile. A long query on the standby, or replay by one process that cannot keep up, are the usual causes.',
  incident:
    'A standby that is connected and hours old: the replicas of Cloudflare in November 2020 could not be read after the promotion.',
  needs: ['servers'],
  find: (fleet) =>
    standbys(fleet).flatMap((node) => {
      const { id, facts } = node;
      // Paused and delayed replay are findings of their own.
      if (facts.replayPaused === true || (setting(node, 'recovery_min_apply_delay') ?? 0) > 0) return [];
      const { receivedBytes, replayedBytes } = facts.position;
      const behind = (receivedBytes ?? 0) - (replayedBytes ?? 0);
      if (receivedBytes === null || behind <= fleet.config.limits.behindBytes) return [];
      return [
        {
          level: 'fault',
          where: id,
          evidence: `${id} has received ${bytes(behind)} that it has not replayed.`,
          fix: `Look for long queries on ${id} (pg_stat_activity), and lower max_standby_streaming_delay if they hold replay.`,
        },
      ];
    }),
};
