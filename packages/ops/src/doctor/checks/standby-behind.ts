import type { Check } from '../check.ts';
import { followed } from '../fleet.ts';
import { bytes } from '../say.ts';

export const standbyBehind: Check = {
  id: 'standby-behind',
  title: 'Every standby has received what the primary wrote',
  why: 'What a standby has not received is lost when it is promoted. A standby can stream and still fall behind: a slow network, a slow disk, a backup on the same link.',
  incident: 'Writes lost by a promotion that came too early: GitHub in October 2018.',
  needs: ['servers', 'primary'],
  find: (fleet) =>
    followed(fleet).flatMap(({ standby: { id, facts }, writer }) => {
      if (facts.timeline !== writer.facts.timeline || facts.receiver?.status !== 'streaming') return [];
      const behind = (writer.facts.position.writtenBytes ?? 0) - (facts.position.receivedBytes ?? 0);
      if (behind <= fleet.config.limits.behindBytes) return [];
      return [
        {
          level: 'fault',
          where: id,
          evidence: `${id} has not received ${bytes(behind)} that ${writer.id} wrote.`,
          fix: `Compare the rate of writes with the network and the disk of ${id}; let backups and bulk loads wait.`,
        },
      ];
    }),
};
