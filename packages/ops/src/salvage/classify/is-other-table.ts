import { sideOf } from '../servers/xid.ts';
import type { Table } from '../tables/table.ts';
import type { Moment } from './look-up.ts';
import type { Verdict } from './verdict.ts';

/**
 * Whether the old primary has given the name of a table to another one since the fork: it has dropped or renamed the first. Changes have the
 * name alone, so it is not known to which of the two they belong. Both servers are copies of one, so a table has the same number on
 * both. A table that the new primary has made itself may be the same migration. Pure.
 */
export const isOtherTable = (
  old: Table | undefined,
  now: Table | undefined,
  { firstXid, nextXid }: Pick<Moment, 'firstXid' | 'nextXid'>,
): boolean =>
  old !== undefined && now !== undefined && old.oid !== now.oid && sideOf(now.madeBy, firstXid, nextXid) !== 'after';

export const OTHER_TABLE: Verdict = { class: 'conflict', why: 'the old primary has another table of this name by now' };
