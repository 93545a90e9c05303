import type { Check } from '../check.ts';
import { known } from '../fleet.ts';

export const archiveFails: Check = {
  id: 'archive-fails',
  title: 'WAL is archived',
  why: 'While archive_command fails, WAL stays on the primary until its disk is full, and no backup can be restored to a point after the failure.',
  incident: 'No backup that works: GitLab in January 2017.',
  needs: ['servers'],
  find: (fleet) =>
    known(fleet)
      .filter(({ facts }) => facts.archiveFails)
      .map(({ id }) => ({
        level: 'fault',
        where: id,
        evidence: `The last attempt of ${id} to archive WAL failed.`,
        fix: `Read the log of ${id} for the message of archive_command; SELECT * FROM pg_stat_archiver shows since when.`,
      })),
};
