import type { RegionRouter } from '@regionkit/db-router';
import { createLedger, ledgerSql } from '@regionkit/db-router/ledger';
import type { Lab } from '@regionkit/lab';
import { runTrial, type TrialResult } from '../trial.ts';
import { inFlight } from './in-flight.ts';
import { INSERT, type Name } from './setting.ts';

/** What a row of the ledger costs a write: against the same insert in a transaction, or in a batch, without it. */
export async function ledgering(router: RegionRouter<Name>, lab: Lab<Name>): Promise<TrialResult> {
  await lab.primary.query(ledgerSql({ role: 'app' }));
  const ledger = createLedger(router);
  const contender = inFlight(8);
  let key = 0;
  const next = (): string => {
    key += 1;
    return `key ${key}`;
  };
  const once = (of: string, actor = 'bench') =>
    ledger.once(of, actor, async (tx) => {
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
      contender('regionkit once', () => once(next())),
      // A name that is not ASCII goes out in statements of its own.
      contender('regionkit once, five round trips', () => once(next(), 'bänch')),
      contender('regionkit once, the answer again', () => once('repeated')),
      contender('regionkit batch', () => router.batch([{ text: INSERT, values: ['x'] }])),
      contender('regionkit batch with a key', () =>
        ledger.batch(next(), 'bench', [{ text: INSERT, values: ['x'] }], { id: key }),
      ),
    ],
    // The same three round trips. The server does two statements more, and both write.
    bars: [
      {
        contender: 'regionkit once',
        metric: 'opsPerSecond',
        against: 'regionkit transaction',
        atLeast: 0.55,
        by: 'paired',
      },
    ],
    notes: ['The server does not wait for the disk (`fsync = off`), which would hide what the row costs.'],
    rounds: 20,
    durationMs: 100,
  });
}
