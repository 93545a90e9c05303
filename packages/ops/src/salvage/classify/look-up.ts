import type { TableName } from '../decode/change.ts';
import type { Session } from '../servers/session.ts';
import { type FirstXid, isAfterFork, sideOf } from '../servers/xid.ts';
import { quoteName, quoteTable } from '../sql-text.ts';
import type { KeyColumn, Table } from '../tables/table.ts';
import type { CurrentRow } from './verdict.ts';

/** The values of a key, in the order of its columns. */
export type Key = readonly (string | null)[];

/** What the look-up needs to know of the new primary. */
export interface Moment {
  readonly firstXid: FirstXid;
  readonly nextXid: bigint;
  /** Whether a row from before the fork stays as it is, because its lost changes are not repeated. */
  stays?(table: TableName, key: Key): boolean;
}

/** `unreadable`: the server could not read the key as a value of its type. */
export type Found = readonly CurrentRow[] | 'unreadable';

/** Lists of texts, one for each column of a key, as rows `k0, k1, …, place`. */
function keyRows(columns: readonly KeyColumn[]): { readonly from: string; readonly on: string } {
  const lists = columns.map((_, at) => `$${at + 1}::text[]`).join(', ');
  const names = columns.map((_, at) => `k${at}`).join(', ');
  const on = columns.map(({ name, type, equals }, at) => `t.${quoteName(name)} ${equals} k.k${at}::${type}`);
  return { from: `unnest(${lists}) WITH ORDINALITY AS k(${names}, place)`, on: on.join(' AND ') };
}

/** Transposed: a list for each column. */
const listsOf = (keys: readonly Key[], width: number): readonly (readonly (string | null)[])[] =>
  Array.from({ length: width }, (_, at) => keys.map((key) => key[at] ?? null));

/** The rows with these keys, one answer a key, in one query. */
export function lookUp(
  session: Session,
  table: Table,
  keys: readonly Key[],
  moment: Moment,
): Promise<readonly Found[]> {
  const { from, on } = keyRows(table.key);
  const columns = table.columns.map(({ name }) => `, t.${quoteName(name)}`).join('');
  const sql = `SELECT k.place, t.xmin${columns} FROM ${from} JOIN ONLY ${quoteTable(table)} AS t ON ${on}`;
  const work = async (part: readonly Key[]): Promise<readonly CurrentRow[][]> => {
    const rows = await session.lists(sql, listsOf(part, table.key.length));
    const found = part.map((): CurrentRow[] => []);
    for (const [place, xmin, ...values] of rows) {
      const side = sideOf(xmin ?? '0', moment.firstXid, moment.nextXid);
      found[Number(place) - 1]?.push({
        xmin: xmin ?? '',
        isAfterFork: side !== 'before',
        side,
        values: new Map(table.columns.map(({ name }, at) => [name, values[at] ?? null])),
      });
    }
    return found;
  };
  return inHalves(keys, work);
}

/**
 * Which of these unique values another row holds that was written after the fork. A row that is older than the fork held
 * the value on the old primary, too: a lost change has made room there, and does so here if it is repeated.
 */
export function findTaken(
  session: Session,
  table: Table,
  unique: readonly KeyColumn[],
  keys: readonly { readonly unique: Key; readonly own: Key }[],
  moment: Moment,
): Promise<readonly (boolean | 'unreadable')[]> {
  const { from, on } = keyRows(unique);
  const own = table.key.map(({ name }) => `, t.${quoteName(name)}`).join('');
  const sql = `SELECT k.place, t.xmin${own} FROM ${from} JOIN ONLY ${quoteTable(table)} AS t ON ${on}`;
  const work = async (part: typeof keys): Promise<readonly boolean[]> => {
    const rows = await session.lists(
      sql,
      listsOf(
        part.map((key) => key.unique),
        unique.length,
      ),
    );
    const taken = part.map(() => false);
    for (const [place, xmin, ...other] of rows) {
      const at = Number(place) - 1;
      const isOther = part[at]?.own.some((value, column) => value !== other[column]);
      if (isOther !== true) continue;
      const isNewer = isAfterFork(xmin ?? '0', moment.firstXid, moment.nextXid);
      if (isNewer || moment.stays?.(table, other) === true) taken[at] = true;
    }
    return taken;
  };
  return inHalves(keys, work);
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html: class 22 is a value that its type does not allow. */
const isDataError = (error: unknown): boolean => /^(22|23514)/.test(String((error as { code?: unknown }).code ?? ''));

/** Does a page at once. If the server cannot read a value in it, the page is halved until the value stands alone. */
async function inHalves<In, Out>(
  page: readonly In[],
  work: (part: readonly In[]) => Promise<readonly Out[]>,
): Promise<readonly (Out | 'unreadable')[]> {
  if (page.length === 0) return [];
  try {
    return await work(page);
  } catch (error) {
    if (!isDataError(error)) throw error;
    if (page.length === 1) return ['unreadable'];
    const middle = page.length >> 1;
    return [...(await inHalves(page.slice(0, middle), work)), ...(await inHalves(page.slice(middle), work))];
  }
}
