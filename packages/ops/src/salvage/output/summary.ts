import type { RowClass } from '../classify/row-class.ts';
import type { Completeness } from '../completeness/completeness.ts';
import type { NeverDecoded } from '../completeness/never-decoded.ts';
import type { LedgerCounts } from '../ledger/write-lost-keys.ts';

export type ClassCounts = Readonly<Partial<Record<RowClass, number>>>;

/** `summary.json`. Members are added in minor versions; none is removed or changes its meaning. */
export interface Summary {
  readonly format: 1;
  readonly madeAt: string;
  /** The failover to which it belongs: the name of its run file. */
  readonly run: string | undefined;
  readonly system: string;
  readonly database: string;
  readonly old: { readonly server: string; readonly timeline: number; readonly flushed: string };
  readonly new: { readonly server: string; readonly timeline: number };
  readonly fork: string;
  readonly firstXid: { readonly low: string; readonly high: string };
  /** `slot`: every change was decoded. `rows`: only what is left of the changes was seen. */
  readonly method: 'slot' | 'rows';
  readonly slot: string | undefined;
  readonly lost: {
    readonly transactions: number;
    readonly changes: number;
    readonly firstCommit: string | undefined;
    readonly lastCommit: string | undefined;
    /** Rows by their class; changes where no key identifies a row. */
    readonly byClass: ClassCounts;
    readonly byTable: readonly { readonly table: string; readonly byClass: ClassCounts }[];
  };
  readonly completeness: Completeness;
  /** Of `--ledger`. */
  readonly ledger: LedgerCounts | undefined;
  readonly neverDecoded: NeverDecoded;
  readonly redacted: readonly string[];
  readonly timings: Readonly<Record<string, number>>;
}

/** Counts rows by class, and by table. */
export interface ClassCounter {
  add(table: string, rowClass: RowClass): void;
  readonly byClass: ClassCounts;
  readonly byTable: Summary['lost']['byTable'];
}

export function createClassCounter(): ClassCounter {
  const tables = new Map<string, Map<RowClass, number>>();
  const all = new Map<RowClass, number>();
  const raise = (counts: Map<RowClass, number>, rowClass: RowClass): void => {
    counts.set(rowClass, (counts.get(rowClass) ?? 0) + 1);
  };
  return {
    add(table, rowClass) {
      const counts = tables.get(table) ?? new Map<RowClass, number>();
      tables.set(table, counts);
      raise(counts, rowClass);
      raise(all, rowClass);
    },
    get byClass() {
      return Object.fromEntries(all);
    },
    get byTable() {
      return [...tables]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([table, counts]) => ({ table, byClass: Object.fromEntries(counts) }));
    },
  };
}
