import type { Check, Found } from '../check.ts';
import { known } from '../fleet.ts';

export const collationVersions: Check = {
  id: 'collation-versions',
  title: 'Collations have one version on all servers',
  why: 'An index on text is ordered by the collation of the operating system. On a server with another version of glibc or ICU the same index is wrong: rows are not found, and unique keys are taken twice. It shows after the promotion.',
  incident: 'Wrong indexes after glibc 2.28 came with Debian 10 and Ubuntu 18.10.',
  needs: ['servers'],
  find: (fleet) => {
    const all = known(fleet);
    const stale = all.flatMap(({ id, facts }) =>
      facts.collations
        .filter(({ recorded, actual }) => recorded !== null && actual !== null && recorded !== actual)
        .map(
          ({ name, recorded, actual }): Found => ({
            level: 'fault',
            where: id,
            evidence: `The collation ${name} was recorded with version ${recorded}; ${id} has ${actual}.`,
            fix: 'REINDEX what uses it on the primary, then ALTER COLLATION … REFRESH VERSION (or ALTER DATABASE … REFRESH COLLATION VERSION); give all servers the same system libraries.',
          }),
        ),
    );
    if (stale.length > 0) return stale;
    const versions = (name: string): readonly string[] =>
      all.flatMap(({ id, facts }) => {
        const actual = facts.collations.find((one) => one.name === name)?.actual ?? null;
        return actual === null ? [] : [`${actual} on ${id}`];
      });
    const collations = [...new Set(all.flatMap(({ facts }) => facts.collations.map(({ name }) => name)))];
    return collations.flatMap((name): readonly Found[] => {
      const found = versions(name);
      if (new Set(found.map((version) => version.replace(/ on .*$/, ''))).size < 2) return [];
      return [
        {
          level: 'fault',
          where: 'fleet',
          evidence: `The collation ${name} has different versions: ${found.join(', ')}.`,
          fix: 'Give all servers the same version of glibc and ICU; REINDEX after a promotion to one that differs.',
        },
      ];
    });
  },
};
