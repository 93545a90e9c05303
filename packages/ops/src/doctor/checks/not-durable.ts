import type { Check } from '../check.ts';
import { known } from '../fleet.ts';

const WANTED: readonly (readonly [name: string, level: 'fault' | 'warning', harm: string])[] = [
  ['fsync', 'fault', 'a crash of the machine can destroy the whole database'],
  ['full_page_writes', 'fault', 'a crash of the machine can leave torn pages'],
  ['synchronous_commit', 'warning', 'a crash loses the last commits, though they were acknowledged'],
];

export const notDurable: Check = {
  id: 'not-durable',
  title: 'No server gives up durability',
  why: 'fsync and full_page_writes are turned off for a bulk load and forgotten. After a crash the server starts with damaged data, and the damage may be copied before it is found.',
  incident: 'Data that is damaged by a crash, and found when every backup has it, too.',
  needs: ['servers'],
  find: (fleet) =>
    known(fleet).flatMap(({ id, facts }) =>
      WANTED.filter(([name]) => facts.settings[name] === 'off').map(([name, level, harm]) => ({
        level,
        where: id,
        evidence: `${name} is off on ${id}: ${harm}.`,
        fix: `Run ALTER SYSTEM SET ${name} = on and SELECT pg_reload_conf() on it.`,
      })),
    ),
};
