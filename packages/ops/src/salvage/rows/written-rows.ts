import type { Field } from '../decode/change.ts';
import type { Session } from '../servers/session.ts';
import { fullXid, WRAP, type XidSet } from '../servers/xid.ts';
import { quoteName, quoteTable } from '../sql-text.ts';
import type { Table } from '../tables/table.ts';

/** A row of the old primary that a lost transaction has written. */
export interface WrittenRow {
  readonly xid: bigint;
  readonly fields: readonly Field[];
}

/** So many rows, or about so many characters, are in memory at once. */
const MAX_ROWS = 1_000;
const PAGE_LENGTH = 4_000_000;

/** Reads the rows whose last version (`xmin`) is of a lost transaction, by pages. Scans the table once. */
export async function* writtenRows(
  session: Session,
  table: Table,
  lost: XidSet,
  next: bigint,
): AsyncGenerator<readonly WrittenRow[]> {
  const [earliest] = lost;
  if (earliest === undefined) return;
  const columns = table.columns.map(({ name }) => `, ${quoteName(name)}`).join('');
  await session.query('BEGIN READ ONLY');
  await session.query(`DECLARE regionkit_rows NO SCROLL CURSOR FOR SELECT xmin${columns} FROM ONLY ${quoteTable(table)}
    WHERE age(xmin) BETWEEN 0 AND age('${earliest % WRAP}'::xid)`);
  let count = 50;
  for (;;) {
    const page = await session.lists(`FETCH FORWARD ${count} FROM regionkit_rows`);
    const rows = page.map(([xmin, ...values]) => ({
      xid: fullXid(xmin ?? '0', next),
      fields: table.columns.map(({ name }, at): Field => [name, values[at] ?? null]),
    }));
    const written = rows.filter(({ xid }) => lost.has(xid));
    if (written.length > 0) yield written;
    if (page.length < count) break;
    const length = page.reduce((sum, values) => sum + values.reduce((all, value) => all + (value?.length ?? 0), 0), 0);
    count = Math.max(1, Math.min(MAX_ROWS, Math.floor(PAGE_LENGTH / Math.max(1, length / page.length)), count * 4));
  }
  await session.query('COMMIT');
}
