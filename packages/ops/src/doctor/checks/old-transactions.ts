import type { Check, Found } from '../check.ts';
import { known } from '../fleet.ts';
import { duration } from '../say.ts';

export const oldTransactions: Check = {
  id: 'old-transactions',
  title: 'No transaction was left open',
  why: 'An open transaction keeps its locks and stops VACUUM. A schema change waits behind it, and everything else behind the schema change. A prepared transaction survives restart and failover, with its locks.',
  incident: 'Locks that outlive their client, and everything waits behind them.',
  needs: ['servers'],
  find: (fleet) => {
    const limitMs = fleet.config.limits.idleTransactionSeconds * 1_000;
    return known(fleet).flatMap(({ id, facts: { inRecovery, connections } }): readonly Found[] => [
      ...((connections.oldestIdleMs ?? 0) > limitMs
        ? [
            {
              level: 'warning' as const,
              where: id,
              evidence: `A session of ${id} has been idle in a transaction that is ${duration(connections.oldestIdleMs ?? 0)} old.`,
              fix: "Find it: SELECT pid, usename, query FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' ORDER BY xact_start. End it with pg_terminate_backend(pid), and set idle_in_transaction_session_timeout.",
            },
          ]
        : []),
      // A standby shows those of its primary.
      ...(!inRecovery && (connections.oldestPreparedMs ?? 0) > limitMs
        ? [
            {
              level: 'warning' as const,
              where: id,
              evidence: `A prepared transaction of ${id} is ${duration(connections.oldestPreparedMs ?? 0)} old.`,
              fix: 'Find it in pg_prepared_xacts; ask its owner, then COMMIT PREPARED or ROLLBACK PREPARED.',
            },
          ]
        : []),
    ]);
  },
};
