import type { Check, Found } from '../check.ts';
import { type Fleet, followed, type KnownNode, setting } from '../fleet.ts';

/** https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-ADMIN */
const FIVE = [
  'max_connections',
  'max_worker_processes',
  'max_wal_senders',
  'max_prepared_transactions',
  'max_locks_per_transaction',
] as const;

/** The settings in which `lower` has less than `higher`. */
function shortfalls(lower: KnownNode, higher: KnownNode): readonly string[] {
  return FIVE.flatMap((name) => {
    const [one, other] = [setting(lower, name), setting(higher, name)];
    return one !== undefined && other !== undefined && one < other ? [`${name} ${one} < ${other}`] : [];
  });
}

/** Whether replay of this standby stops, or has stopped, because a setting is lower than the primary's. */
export const hasLowerSettings = (fleet: Fleet, id: string): boolean =>
  followed(fleet).some(({ standby, writer }) => standby.id === id && shortfalls(standby, writer).length > 0);

export const standbySettings: Check = {
  id: 'standby-settings',
  title: 'No standby has less than the primary in the five settings that replay needs',
  why: "When max_connections, max_worker_processes, max_wal_senders, max_prepared_transactions or max_locks_per_transaction of a standby are lower than the primary's, its recovery stops, and it does not start again. It is found when the standby is restarted, or promoted.",
  incident: 'Recovery that stops at a setting: cloudnative-pg#2337, postgres-flex#255, pgo#2952.',
  needs: ['servers', 'primary'],
  find: (fleet) =>
    followed(fleet).flatMap(({ standby, writer }): readonly Found[] => {
      const lower = shortfalls(standby, writer);
      if (lower.length > 0) {
        return [
          {
            level: 'fault',
            where: standby.id,
            evidence: `${standby.id} has less than the primary ${writer.id}: ${lower.join(', ')}.`,
            fix: `Raise ${lower.length === 1 ? 'it' : 'them'} on ${standby.id} and restart it. Raise on standbys first, and lower on the primary first.`,
          },
        ];
      }
      const higher = shortfalls(writer, standby);
      if (higher.length === 0) return [];
      return [
        {
          level: 'warning',
          where: standby.id,
          evidence: `${standby.id} has more than the primary ${writer.id}: ${higher.join(', ')}. Once it is promoted, recovery of the other servers stops.`,
          fix: 'Set the same values on all servers: on the other standbys first, then on the primary.',
        },
      ];
    }),
};
