import type { Completeness } from './completeness/completeness.ts';
import { readNeverDecoded } from './completeness/never-decoded.ts';
import type { SalvageOptions } from './options.ts';
import type { ClassCounter, Summary } from './output/summary.ts';
import type { Servers } from './servers/servers.ts';
import type { FirstXid } from './servers/xid.ts';

/** What was found, with or without a slot. */
export interface FoundParts {
  readonly method: Summary['method'];
  readonly slot: string | undefined;
  readonly firstXid: FirstXid;
  readonly lost: Pick<Summary['lost'], 'transactions' | 'changes' | 'firstCommit' | 'lastCommit'>;
  /** Materialized views that were refreshed. Undefined: not known. */
  readonly views: ReadonlySet<string> | undefined;
  readonly counter: ClassCounter;
  readonly completeness: Completeness;
}

interface Parts extends FoundParts {
  readonly ledger: Summary['ledger'];
  readonly timings: Readonly<Record<string, number>>;
}

/** Puts the summary together, with what no list can have. */
export async function summarise(
  { old, now, oldFacts, newFacts, fork }: Servers,
  options: SalvageOptions,
  { method, slot, firstXid, lost, views, counter, completeness, ledger, timings }: Parts,
): Promise<Summary> {
  const { transactions, changes, firstCommit, lastCommit } = lost;
  return {
    format: 1,
    madeAt: new Date().toISOString(),
    run: options.run?.id,
    system: oldFacts.system,
    database: oldFacts.database,
    old: { server: options.old.id, timeline: oldFacts.timeline, flushed: oldFacts.flushed },
    new: { server: options.now.id, timeline: newFacts.timeline },
    fork,
    firstXid: { low: firstXid.low.toString(), high: firstXid.high.toString() },
    method,
    slot,
    lost: {
      ...{ transactions, changes, firstCommit, lastCommit },
      byClass: counter.byClass,
      byTable: counter.byTable,
    },
    completeness,
    ledger,
    neverDecoded: {
      ...(await readNeverDecoded(old, now, firstXid)),
      materializedViews: views && [...views].sort(),
    },
    redacted: options.redaction.columns,
    timings,
  };
}
