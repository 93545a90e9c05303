import type { Check } from '../check.ts';
import { known, writer } from '../fleet.ts';

export const oldTimeline: Check = {
  id: 'old-timeline',
  title: 'All servers are on the newest timeline',
  why: 'Each promotion begins a timeline. A standby on an older one still follows the former primary and gets no new writes. A primary on an older one than a standby has taken the cluster back: writes of the newer timeline are gone.',
  incident:
    'A cluster taken back: a resumed Patroni 3.0.2 agent went from timeline 6 to 5. Endpoints that lead to the old primary: patroni#1235.',
  needs: ['servers'],
  find: (fleet) => {
    const all = known(fleet);
    const ours = writer(fleet)?.facts.system;
    const same = all.filter(({ facts }) => facts.system === ours);
    const newest = Math.max(...same.map(({ facts }) => facts.timeline));
    return same
      .filter(
        ({ id, facts }) => facts.timeline < newest && (facts.inRecovery ? isFed(facts) : id === writer(fleet)?.id),
      )
      .map(({ id, facts }) => ({
        level: 'fault',
        where: id,
        evidence: `${id} ${facts.inRecovery ? 'is a standby' : 'takes writes'} on timeline ${facts.timeline}; the newest is ${newest}.`,
        fix: facts.inRecovery
          ? `Point primary_conninfo of ${id} at the primary of timeline ${newest}; pg_rewind it first if it has replayed more.`
          : `Stop writes to ${id}, and find out which server wrote timeline ${newest} before anything is rewound.`,
      }));
  },
};

/** The timeline of a standby that receives nothing is only that of its last checkpoint. */
const isFed = ({ receiver }: { readonly receiver: { readonly timeline: number | null } | null }): boolean =>
  receiver !== null && receiver.timeline !== null;
