import type { Check } from '../check.ts';
import { names } from '../say.ts';
import { SECRET_WARNINGS } from './secrets-differ.ts';

export const appWarnings: Check = {
  id: 'app-warnings',
  title: 'The processes of the app report no mistake of their configuration',
  why: 'regionkit reports each mistake of a configuration once, as a warning of the process. In a log of millions of lines it is not read; health keeps it for those with the token.',
  incident: 'A mistake that was reported once, in a log that is not read.',
  needs: ['detail'],
  find: ({ front }) =>
    front.regions.flatMap(({ region, warnings = {} }) => {
      const codes = Object.keys(warnings).filter((code) => !(code in SECRET_WARNINGS));
      if (codes.length === 0) return [];
      return [
        {
          level: 'warning',
          where: region,
          evidence: `${region} reports ${names(codes)}. ${warnings[codes[0] as string]}`,
          fix: 'Look each code up in docs/errors.md#warnings: the table says what to do.',
        },
      ];
    }),
};
