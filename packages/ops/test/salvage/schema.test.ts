import { describe, expect, it } from 'vitest';
import { ROW_CLASSES, type RowClass } from '../../src/salvage/classify/row-class.ts';
import type { Item, LostChange } from '../../src/salvage/items.ts';
import { listLine } from '../../src/salvage/output/list-line.ts';
import { SCHEMAS, whyUnfit } from './schema.ts';

const CHANGE: LostChange = {
  type: 'change',
  table: { schema: 'public', name: 't' },
  operation: 'UPDATE',
  class: 'conflict',
  why: 'changed on both',
  key: [['k', '1']],
  after: [['v', null]],
  unchanged: ['large'],
  now: [['v', 'x']],
  half: 'arrived',
  repeat: undefined,
};

/** All of them, or this does not compile. */
const ITEMS: { readonly [Type in Item['type']]: readonly Extract<Item, { type: Type }>[] } = {
  transaction: [
    { type: 'transaction', xid: '7', commitLsn: '0/3000148', committedAt: '2026-11-30 05:53:03.1+00', changes: 2 },
    { type: 'transaction', xid: 'not known', commitLsn: undefined, committedAt: undefined, changes: undefined },
  ],
  change: [
    CHANGE,
    {
      ...CHANGE,
      operation: 'DELETE',
      why: undefined,
      key: [],
      after: undefined,
      unchanged: [],
      now: undefined,
      half: undefined,
    },
  ],
  truncate: [{ type: 'truncate', tables: [CHANGE.table], flags: 'restart_seqs' }],
  message: [{ type: 'message', prefix: 'p', bytes: 3 }],
};

const lineOf = (item: Item): unknown => JSON.parse(listLine(item, (column) => column === 'v'));

describe('the schema of a line of lost-writes.ndjson', () => {
  it('describes every kind of line', () => {
    for (const item of Object.values(ITEMS).flat()) expect(whyUnfit('lost-write', lineOf(item))).toBeUndefined();
  });

  it('knows every class', () => {
    for (const rowClass of ROW_CLASSES) {
      expect(whyUnfit('lost-write', lineOf({ ...CHANGE, class: rowClass }))).toBeUndefined();
    }
    expect(whyUnfit('lost-write', lineOf({ ...CHANGE, class: 'other' as RowClass }))).toBeDefined();
    const { change } = (SCHEMAS['lost-write'] as { $defs: { change: { properties: { class: { enum: string[] } } } } })
      .$defs;
    expect(change.properties.class.enum).toEqual(ROW_CLASSES);
  });

  it.each([
    ['a value that is no text', { ...(lineOf(CHANGE) as object), after: { v: 7 } }],
    ['another member', { ...(lineOf(CHANGE) as object), more: 1 }],
    ['no table', { type: 'change', operation: 'INSERT', class: 'missing' }],
    ['a position that is none', { type: 'transaction', xid: '7', commitLsn: 'x' }],
  ])('refuses %s', (_what, line) => {
    expect(whyUnfit('lost-write', line)).toBeDefined();
  });
});
