import { candidates } from '../plan.ts';
import type { Veto } from './veto.ts';

/** There must be a region to go to: a standby in it, and an app that answers where apps are known. */
export const lastRegion: Veto = {
  id: 'last-region',
  object: ({ plan: { from, target }, situation }) => {
    const to = candidates(situation, from);
    if (target === undefined && to.length > 0) {
      return {
        where: from,
        evidence: `What --to names is no standby outside ${from} that answers.`,
        fix: `Name one of ${to.map(({ id }) => id).join(', ')}.`,
      };
    }
    if (to.length === 0) {
      const hidden = situation.nodes.filter(
        ({ region, answer }) => region !== from && !answer.ok && answer.why === 'no-permission',
      );
      if (hidden.length > 0) {
        return {
          where: hidden[0]?.id ?? from,
          evidence: `The role of the configuration has no pg_monitor: ${hidden.map(({ id }) => id).join(' and ')} could not be examined.`,
          fix: 'Run GRANT pg_monitor TO … on the primary. Without one, use a role of the standbys that has it already.',
        };
      }
      return {
        where: from,
        evidence: `No standby outside ${from} answers: it is the last region.`,
        fix: 'Repair a standby in another region first.',
      };
    }
    const apps = situation.apps.filter(({ region }) => region !== from);
    // The app of another region, perhaps of the lost one, serves nothing in this one.
    const serves = apps.some(({ region, answer }) =>
      answer.ok ? answer.view.region === region : answer.why === 'no-detail',
    );
    if (apps.length === 0 || serves) return undefined;
    return {
      where: from,
      evidence: `No app outside ${from} answers for its own region: ${from} is the last region that can serve.`,
      fix: 'Repair the app of another region first, or correct its origin in the configuration.',
    };
  },
};
