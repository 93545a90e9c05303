import type { Check, Found } from '../check.ts';
import { known } from '../fleet.ts';

export const postgresVersions: Check = {
  id: 'postgres-versions',
  title: 'All servers run one version of PostgreSQL',
  why: 'Between major versions nothing streams. Between minor versions it does, but a promoted server then runs without the fixes of the other; the documentation asks to update standbys first.',
  incident: 'A copy that is no full copy, found when it is needed.',
  needs: ['servers'],
  find: (fleet) => {
    const all = known(fleet);
    const versions = (read: (version: number) => number): number =>
      new Set(all.map(({ facts }) => read(facts.version))).size;
    if (versions((version) => version) < 2) return [];
    const isMajor = versions((version) => Math.floor(version / 10_000)) > 1;
    const list = all.map(
      ({ id, facts: { version } }) => `${Math.floor(version / 10_000)}.${version % 10_000} on ${id}`,
    );
    const found: Found = {
      level: isMajor ? 'fault' : 'warning',
      where: 'fleet',
      evidence: `The servers run different ${isMajor ? 'major' : 'minor'} versions: ${list.join(', ')}.`,
      fix: isMajor
        ? 'Correct the connection string that leads to another system, or end the upgrade.'
        : 'Update the standbys first, then the primary.',
    };
    return [found];
  },
};
