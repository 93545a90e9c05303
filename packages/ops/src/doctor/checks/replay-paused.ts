import type { Check } from '../check.ts';
import { standbys } from '../fleet.ts';
import { hasLowerSettings } from './standby-settings.ts';

export const replayPaused: Check = {
  id: 'replay-paused',
  title: 'No standby has its replay paused',
  why: 'A standby with paused replay receives everything and applies nothing. Reads from it are old, and pg_promote() waits until replay is resumed: a failover to it hangs.',
  incident: 'A failover that gets stuck: pg_auto_failover#1060 is of this kind.',
  needs: ['servers'],
  find: (fleet) =>
    standbys(fleet)
      // A standby with lower settings pauses by itself, and shuts down when it is resumed: the other finding says so.
      .filter(({ id, facts }) => facts.replayPaused === true && !hasLowerSettings(fleet, id))
      .map(({ id }) => ({
        level: 'fault',
        where: id,
        evidence: `Replay is paused on ${id}.`,
        fix: 'Run SELECT pg_wal_replay_resume() on it.',
      })),
};
