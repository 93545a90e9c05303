import type { Check } from '../check.ts';
import { setting, standbys } from '../fleet.ts';
import { duration } from '../say.ts';

export const applyDelay: Check = {
  id: 'apply-delay',
  title: 'No standby delays replay on purpose',
  why: 'A delayed standby protects from mistakes, but it is no candidate and no replica: its reads are old, and a promotion replays the delay first.',
  incident: 'The only copy left is hours old: GitLab in January 2017 was restored from one of six hours.',
  needs: ['servers'],
  find: (fleet) =>
    standbys(fleet).flatMap((node) => {
      const delayMs = setting(node, 'recovery_min_apply_delay') ?? 0;
      if (delayMs === 0) return [];
      return [
        {
          level: 'warning',
          where: node.id,
          evidence: `${node.id} replays ${duration(delayMs)} late (recovery_min_apply_delay).`,
          fix: `Set recovery_min_apply_delay = 0 on ${node.id}, or remove it from the configuration and from the app.`,
        },
      ];
    }),
};
