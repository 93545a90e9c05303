import type { Field } from '../decode/change.ts';
import type { Session } from '../servers/session.ts';
import type { Table } from '../tables/table.ts';
import { findTaken, type Key, lookUp, type Moment } from './look-up.ts';
import type { Net } from './net.ts';
import { type CurrentRow, judgeRow, type Verdict } from './verdict.ts';

/** A row that the lost transactions have changed. */
export interface NetRow {
  readonly key: readonly Field[];
  readonly net: Net;
}

export interface ClassifiedRow {
  readonly verdict: Verdict;
  readonly current: CurrentRow | undefined;
}

/** Judges rows of one table, with one query for all keys and one for each unique index. */
export async function classifyPage(
  session: Session,
  table: Table | undefined,
  rows: readonly NetRow[],
  moment: Moment,
): Promise<readonly ClassifiedRow[]> {
  if (table === undefined) {
    return rows.map(({ net }) => ({ verdict: judgeRow(net, undefined, undefined), current: undefined }));
  }
  const columnsOf = (names: readonly string[]): string => JSON.stringify(names);
  const keyColumns = columnsOf(table.key.map(({ name }) => name));
  if (rows.some(({ key }) => columnsOf(key.map(([name]) => name)) !== keyColumns)) {
    const why = 'the new primary identifies rows of this table by other columns';
    return rows.map(() => ({ verdict: { class: 'conflict', why }, current: undefined }));
  }
  const valuesOf = (key: readonly Field[]): Key => key.map(([, value]) => value);
  const found = await lookUp(
    session,
    table,
    rows.map(({ key }) => valuesOf(key)),
    moment,
  );
  const judged = rows.map(({ net }, at): ClassifiedRow => {
    const current = found[at] ?? [];
    if (current === 'unreadable') {
      return { verdict: { class: 'conflict', why: 'the new primary cannot read the key' }, current: undefined };
    }
    if (current.length > 1) {
      return {
        verdict: { class: 'conflict', why: 'the new primary has several rows with this key' },
        current: undefined,
      };
    }
    return { verdict: judgeRow(net, table, current[0]), current: current[0] };
  });
  for (const unique of table.uniques) {
    const asked = judged.flatMap(({ verdict }, at) => {
      const { net, key } = rows[at] as NetRow;
      const values = unique.map(({ name }) => net.row.get(name));
      const writes = verdict.class === 'missing' || verdict.class === 'stale';
      return writes && values.every((value) => typeof value === 'string')
        ? [{ at, unique: values as Key, own: valuesOf(key) }]
        : [];
    });
    const taken = await findTaken(session, table, unique, asked, moment);
    asked.forEach(({ at }, place) => {
      if (taken[place] === false) return;
      const columns = unique.map(({ name }) => name).join(', ');
      judged[at] = {
        verdict: { class: 'conflict', why: `another row of the new primary has the unique value of ${columns}` },
        current: judged[at]?.current,
      };
    });
  }
  return judged;
}
