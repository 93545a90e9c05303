import type {
  EndEntry,
  Entry,
  ExitEntry,
  FaultEntry,
  OperationEntry,
  PauseEntry,
  RowEntry,
  RunEntry,
  StallEntry,
  ToldEntry,
} from '../history/entries.ts';
import { type Lineage, lineageOf } from './lineage.ts';

/** A history laid out for the rules. */
export interface History {
  readonly run: RunEntry;
  readonly end: EndEntry;
  /** In the order in which they began. */
  readonly operations: readonly OperationEntry[];
  readonly byId: ReadonlyMap<string, OperationEntry>;
  /** Of one client: they never overlap. */
  readonly byClient: ReadonlyMap<string, readonly OperationEntry[]>;
  readonly faults: readonly FaultEntry[];
  readonly exits: readonly ExitEntry[];
  readonly stalls: readonly StallEntry[];
  readonly pauses: readonly PauseEntry[];
  readonly rows: readonly RowEntry[];
  readonly told: readonly ToldEntry[];
  rowsOf(operation: string): readonly RowEntry[];
  /** It is in the primary's data at the end. */
  survives(operation: string): boolean;
  /** Whether an answer of that time may lack it: it was lost, and by then a region had begun to leave its timeline. */
  wasLostBy(operation: string, atMs: number): boolean;
  readonly lineage: Lineage;
}

/** The operation whose write an acknowledged one stands for: a retry with a key may get the answer of another one. */
export const effectOf = ({ id, performed }: OperationEntry): string => performed ?? id;

/** @throws {Error} the history was cut short, or is none. */
export function indexHistory(entries: readonly Entry[]): History {
  const of = <T extends Entry['type']>(type: T): (Entry & { type: T })[] =>
    entries.filter((entry): entry is Entry & { type: T } => entry.type === type);
  const [run] = of('run');
  const [end] = of('end');
  if (run === undefined || end === undefined) throw new Error('the history has no begin or no end: it was cut short');
  const operations = of('operation').sort((left, right) => left.startMs - right.startMs);
  const rows = of('row');
  const rowsById = groupBy(rows, ({ operation }) => operation);
  const surviving = new Set(rows.filter(({ survives }) => survives).map(({ operation }) => operation));
  const faults = of('fault');
  const rowsOf = (operation: string): readonly RowEntry[] => rowsById.get(operation) ?? [];
  const survives = (operation: string): boolean => surviving.has(operation);
  const lineage = lineageOf(faults, end);
  return {
    run,
    end,
    operations,
    byId: new Map(operations.map((operation) => [operation.id, operation])),
    byClient: groupBy(operations, ({ client }) => client),
    faults,
    exits: of('exit'),
    stalls: of('stall'),
    pauses: of('pause'),
    rows,
    told: of('told'),
    rowsOf,
    survives,
    wasLostBy: (operation, atMs) => {
      if (survives(operation)) return false;
      const [row] = rowsOf(operation);
      // What is in no data directory at all is another rule's matter.
      return row === undefined || lineage.wasLeftBy(row.timeline, atMs);
    },
    lineage,
  };
}

function groupBy<T>(list: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of list) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
