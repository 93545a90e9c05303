import type { TableName } from '../decode/change.ts';
import type { Item } from '../items.ts';
import { createReviewWriter } from '../review/review-file.ts';
import type { Sorter } from '../spool/sorter.ts';
import type { Table } from '../tables/table.ts';
import { listLine } from './list-line.ts';
import type { OutDirectory } from './out-directory.ts';
import type { Redaction } from './redaction.ts';
import { reportOf } from './report.ts';
import type { Summary } from './summary.ts';

interface WriteFiles {
  readonly directory: OutDirectory;
  readonly summary: Summary;
  readonly items: Sorter<Item>;
  tableOf(name: TableName): Promise<Table | undefined>;
  readonly redaction: Redaction;
}

/** Writes the four files, one item at a time. */
export async function writeFiles({ directory, summary, items, tableOf, redaction }: WriteFiles): Promise<void> {
  const list = await directory.file('lost-writes.ndjson');
  const review = await directory.file('review.sql');
  const writer = createReviewWriter(redaction);
  await review.write(writer.head);
  for await (const { value: item } of await items.sorted()) {
    const root = item.type === 'change' ? (await tableOf(item.table))?.root : undefined;
    const isHidden = (column: string): boolean => item.type === 'change' && redaction.hides(item.table, root, column);
    await list.write(listLine(item, isHidden));
    await review.write(writer.item(item, root));
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
