import type { Field } from '../decode/change.ts';
import type { Item } from '../items.ts';
import { shown } from './redaction.ts';

/** One line of `lost-writes.ndjson`: a transaction, and after it its changes. */
export function listLine(item: Item, isHidden: (column: string) => boolean): string {
  return `${JSON.stringify(lineOf(item, isHidden))}\n`;
}

function lineOf(item: Item, isHidden: (column: string) => boolean): object {
  if (item.type !== 'change') return item;
  const { table, operation, class: rowClass, why, key, after, unchanged, now, half } = item;
  const objectOf = (fields: readonly Field[] | undefined): object | undefined =>
    fields && Object.fromEntries(shown(fields, isHidden));
  return {
    type: 'change',
    table,
    // The two halves of an UPDATE of the key: the row leaves one key, and arrives at another.
    operation,
    ...(half !== undefined && { keyChange: half }),
    class: rowClass,
    ...(why !== undefined && { why }),
    ...(key.length > 0 && { key: objectOf(key) }),
    ...(after !== undefined && { after: objectOf(after) }),
    ...(unchanged.length > 0 && { unchanged }),
    ...(now !== undefined && { now: objectOf(now) }),
  };
}
