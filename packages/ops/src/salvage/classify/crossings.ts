import type { Operation, TableName } from '../decode/change.ts';
import { transactionKey } from '../items.ts';
import { createSorter } from '../spool/sorter.ts';
import { idOf } from '../tables/table.ts';
import type { Moves } from './moves.ts';
import { type RowChange, rowIdOf } from './row-change.ts';

/** The partitioned table at the top, and the columns by which it and the levels below it are partitioned. */
export interface Tree {
  readonly root: string;
  readonly partitionedBy: readonly string[];
}

interface PartitionChange {
  readonly table: TableName;
  readonly operation: Operation;
  /** Undefined: nothing in the WAL identifies it. */
  readonly row: RowChange | undefined;
}

/**
 * Rows that left one partition for another. The WAL has a DELETE and, after it in the same transaction, an INSERT. Nothing else
 * links them: the key has changed, because it contains the columns of the partitions.
 *
 * A DELETE and an INSERT belong together if the rest of the key is the same, or if one is the next after the other in this
 * partitioned table. Where that is not certain they belong together, too: a row that is on the new primary twice is worse than an
 * INSERT that a person has to look at.
 */
interface Crossings extends AsyncDisposable {
  /** Takes the DELETEs and the INSERTs of partitions, in their order. */
  add(change: PartitionChange, tree: Tree, transaction: number, at: string): Promise<void>;
  /** Says to `moves` which keys one row had. After the last change. */
  tell(moves: Moves): Promise<void>;
}

interface Half {
  readonly id: string | undefined;
  readonly partition: string;
}

interface Entry extends Half {
  /** The same for all changes of one transaction that agree in the table and in the rest of the key. */
  readonly group: string;
  readonly isInsert: boolean;
  /** The DELETE before this INSERT, with no other INSERT between them. */
  readonly next: Half | undefined;
}

/** @param directory where the temporary file is made: a transaction may delete more rows than fit into memory */
export async function createCrossings(directory: string): Promise<Crossings> {
  const entries = await createSorter<Entry>({ directory });
  /** By the root: the last DELETE of this transaction. `isFollowed`: an INSERT came after it. */
  const deletes = new Map<string, Half & { readonly isFollowed: boolean }>();
  let open = -1;
  return {
    async add({ table, operation, row }, { root, partitionedBy }, transaction, at) {
      if (transaction !== open) deletes.clear();
      open = transaction;
      const isInsert = operation === 'INSERT';
      const last = deletes.get(root);
      if (isInsert && last === undefined) return;
      const half: Half = { id: row && rowIdOf(row), partition: idOf(table) };
      const isNext = isInsert && last?.isFollowed === false && last.partition !== half.partition;
      deletes.set(
        root,
        isInsert && last !== undefined ? { ...last, isFollowed: true } : { ...half, isFollowed: false },
      );
      const rest = (row?.key ?? []).filter(([column]) => !partitionedBy.includes(column)).map(([, value]) => value);
      // Without a rest no two belong together by it.
      const group = `${transactionKey(transaction)}${JSON.stringify([root, ...(rest.length > 0 ? rest : [[at]])])}`;
      await entries.add(`${group} ${at}`, { ...half, group, isInsert, next: isNext ? last : undefined });
    },
    async tell(moves) {
      let left: Entry | undefined;
      for await (const { value: entry } of await entries.sorted()) {
        if (left?.group !== entry.group) left = undefined;
        if (!entry.isInsert) {
          left = entry;
          continue;
        }
        const from = left !== undefined && left.partition !== entry.partition ? left : entry.next;
        if (from === undefined) continue;
        const [first, second] = [from.id, entry.id].filter((id) => id !== undefined);
        if (first !== undefined && second !== undefined) moves.add(first, second);
        else if (first !== undefined) moves.holdBack(first);
      }
    },
    [Symbol.asyncDispose]: () => entries[Symbol.asyncDispose](),
  };
}
