import type { Item } from '../items.ts';
import { findHeld } from '../review/held-transactions.ts';
import { createReviewWriter } from '../review/review-file.ts';
import type { Sorter } from '../spool/sorter.ts';
import { idOf, type Table, type TableOf } from '../tables/table.ts';
import { isTraced } from './is-traced.ts';
import { listLine } from './list-line.ts';
import type { OutDirectory } from './out-directory.ts';
import type { Redaction } from './redaction.ts';
import { reportOf } from './report.ts';
import type { Summary } from './summary.ts';

interface WriteFiles {
  readonly directory: OutDirectory;
  readonly summary: Summary;
  readonly items: Sorter<Item>;
  /** Of the old and of the new primary: a table may be a partition on one of them alone. */
  readonly tablesOf: readonly TableOf[];
  readonly redaction: Redaction;
}

/** Writes the four files, one item at a time. */
export async function writeFiles({ directory, summary, items, tablesOf, redaction }: WriteFiles): Promise<void> {
  const known = new Map<string, boolean>();
  const hiddenOf = async (item: Item): Promise<(column: string) => boolean> => {
    if (item.type !== 'change') return () => false;
    const id = idOf(item.table);
    const tables: (Table | undefined)[] = [];
    for (const tableOf of tablesOf) tables.push(await tableOf(item.table));
    return (column) => {
      const name = `${id} ${column}`;
      const isHidden =
        known.get(name) ??
        (!isTraced(redaction.trusted, tables, column) ||
          tables.some((table) => redaction.hides(item.table, table?.root, column)));
      known.set(name, isHidden);
      return isHidden;
    };
  };
  const held = await findHeld(await items.sorted(), hiddenOf);
  const list = await directory.file('lost-writes.ndjson');
  const review = await directory.file('review.sql');
  const writer = createReviewWriter(held);
  await review.write(writer.head);
  for await (const { value: item } of await items.sorted()) {
    const isHidden = await hiddenOf(item);
    await list.write(listLine(item, isHidden));
    await review.write(writer.item(item, isHidden));
  }
  await review.write(writer.end(summary.neverDecoded));
  await list.close();
  await review.close();
  for (const [name, content] of [
    ['summary.json', `${JSON.stringify(summary, null, 2)}\n`],
    ['report.md', reportOf(summary)],
  ] as const) {
    const file = await directory.file(name);
    await file.write(content);
    await file.close();
  }
}
