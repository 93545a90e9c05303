import type { Check, Found } from '../check.ts';
import { known } from '../fleet.ts';
import { names } from '../say.ts';

export const extensionVersions: Check = {
  id: 'extension-versions',
  title: 'Every server has the files of every extension in use',
  why: 'CREATE EXTENSION is replicated; the library on the disk is not. A standby without it looks healthy until it is promoted: then each function of the extension fails, and each index that uses one.',
  incident: 'A promoted node that lacks what the old one had: gitea#16832 is of this kind, with secrets.',
  needs: ['servers'],
  find: (fleet) => {
    const all = known(fleet);
    const missing = all.flatMap(({ id, facts }): readonly Found[] => {
      const absent = facts.extensions.filter(({ available }) => !available);
      if (absent.length === 0) return [];
      return [
        {
          level: 'fault',
          where: id,
          evidence: `${id} has no files of ${names(absent.map(({ name, version }) => `${name} ${version}`))}.`,
          fix: `Install the package of the extension on ${id}, in the version of the database.`,
        },
      ];
    });
    if (missing.length > 0) return missing;
    const extensions = [...new Set(all.flatMap(({ facts }) => facts.extensions.map(({ name }) => name)))];
    return extensions.flatMap((name): readonly Found[] => {
      const packaged = all.flatMap(({ id, facts }) => {
        const newest = facts.extensions.find((one) => one.name === name)?.newest ?? null;
        return newest === null ? [] : [{ id, newest }];
      });
      if (new Set(packaged.map(({ newest }) => newest)).size < 2) return [];
      return [
        {
          level: 'warning',
          where: 'fleet',
          evidence: `The packages of ${name} differ: ${packaged.map(({ id, newest }) => `${newest} on ${id}`).join(', ')}.`,
          fix: 'Install the same version of the package on all servers before ALTER EXTENSION … UPDATE.',
        },
      ];
    });
  },
};
