import type { RegionRouter } from '@regionkit/db-router';
import { createLedger, ledgerSql } from '@regionkit/db-router/ledger';
import type { Lab } from '@regionkit/lab';
import { runTrial, type TrialResult } from '../trial.ts';
import { inFlight } from './in-flight.ts';
import { INSERT, type Name } from './setting.ts';

/** What a row of the ledger costs a write: against the same insert in a transaction without it. */
export async function ledgering(router: RegionRouter<Name>, lab: Lab<Name>): Promise<TrialResult> {
  await lab.primary.query(ledgerSql({ role: 'app' }));
  const ledger = createLedger(router);
  const contender = inFlight(8);
  let key = 0;
  const once = (of: string) =>
    ledger.once(of, 'bench', async (tx) => {
      await tx.query(INSERT, ['x']);
      return { id: of };
    });
  await once('repeated');
  return runTrial({
    title: 'one insert in a transaction with a row in the ledger, 8 in flight',
    baseline: 'regionkit transaction',
    metrics: ['opsPerSecond', 'mainMicrosPerOp', 'cpuMicrosPerOp', 'p50Ms', 'p99Ms'],
    contenders: [
      contender('regionkit transaction', () => router.transaction((tx) => tx.query(INSERT, ['x']))),
      contender('regionkit once', () => {
        key += 1;
        return once(`key ${key}`);
      }),
      contender('regionkit once, the answer again', () => once('repeated')),
    ],
    // Two statements more beside three (BEGIN, the insert, COMMIT) leave 0.6 of it; both also write.
    bars: [
      {
        contender: 'regionkit once',
        metric: 'opsPerSecond',
        against: 'regionkit transaction',
        atLeast: 0.4,
        by: 'paired',
      },
    ],
    notes: ['The server does not wait for the disk (`fsync = off`), which would hide what the row costs.'],
    rounds: 20,
    durationMs: 100,
  });
}
