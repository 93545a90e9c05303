import type { Check } from '../check.ts';
import { catalog, known } from '../fleet.ts';

export const readOnlyDefault: Check = {
  id: 'read-only-default',
  title: 'default_transaction_read_only is off',
  why: 'A primary with default_transaction_read_only refuses writes though it is healthy. Tools set it before a switchover, and when a disk fills, and it stays. Nothing shows on a standby until it is promoted.',
  incident: 'default_transaction_read_only left on: PagerTree on Fly in July 2023.',
  needs: ['servers'],
  find: (fleet) => {
    const servers = known(fleet)
      .filter(({ facts }) => facts.readOnlyByServer)
      .map(({ id }) => ({
        level: 'fault' as const,
        where: id,
        evidence: `default_transaction_read_only is on for the whole server ${id}.`,
        fix: 'Run ALTER SYSTEM RESET default_transaction_read_only and SELECT pg_reload_conf() on it, or correct its configuration file.',
      }));
    const owner = catalog(fleet);
    const others = (owner?.facts.readOnlyFor ?? []).map(({ role, database }) => {
      const subject = [
        ...(role === null ? [] : [`ROLE ${role}`]),
        ...(database === null ? [] : [`${role === null ? '' : 'IN '}DATABASE ${database}`]),
      ].join(' ');
      return {
        // A role that only reads may be meant. A database is not.
        level: role === null ? ('fault' as const) : ('warning' as const),
        where: 'fleet',
        evidence: `default_transaction_read_only is on for ${subject || 'ROLE ALL'}.`,
        fix: `Run ALTER ${role === null && database !== null ? 'DATABASE' : 'ROLE'} … RESET default_transaction_read_only on the primary, unless it is meant. Sessions that are open keep it.`,
      };
    });
    return [...servers, ...others];
  },
};
