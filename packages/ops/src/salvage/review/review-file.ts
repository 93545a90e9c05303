import type { NeverDecoded } from '../completeness/never-decoded.ts';
import type { Item, LostChange, LostTransaction } from '../items.ts';
import { shown } from '../output/redaction.ts';
import { VALUE_SETTINGS } from '../servers/session.ts';
import { comment, jsonOf, quoteName, quoteTable, quoteValue } from '../sql-text.ts';
import type { HeldTransactions } from './held-transactions.ts';
import { createKeyedTransactions } from './keyed-transactions.ts';
import { columnsOf, moveStatementOf, statementOf } from './statement.ts';

/** What the file for review says of one item. */
export interface ReviewWriter {
  readonly head: string;
  /** The text of one item. The halves of an UPDATE of a key come one after the other. */
  item(item: Item, isHidden: (column: string) => boolean): string;
  end(never: NeverDecoded): string;
}

const HEAD = [
  'Review every statement. As it stands this file changes nothing: it ends in ROLLBACK.',
  'It repeats the lost changes in the order of their commits. Each UPDATE and DELETE names the version (xmin) of the row that',
  'was compared: it changes 0 rows if the row was written since. Triggers and foreign keys act as for any other write.',
  'A statement with the note "can fail" writes what an index may forbid: one that is partial, on expressions or of nulls, or an exclusion',
  'constraint. If it fails, make it a comment and run the file again. A savepoint would hide the row from the next statements.',
  'The key of a write (regionkit.ledger) comes last in its transaction. Apply it together with the whole transaction, or neither.',
];

export function createReviewWriter(held: HeldTransactions): ReviewWriter {
  let left: LostChange | undefined;
  const keyed = createKeyedTransactions(held);
  return {
    head: [
      ...HEAD.map(comment),
      // Before BEGIN: a SET LOCAL ends when a statement fails, and the rest of the file would be read in another encoding.
      `SET client_encoding = 'UTF8';`,
      'BEGIN;',
      ...[
        ...VALUE_SETTINGS.filter(([name]) => name !== 'client_encoding'),
        ['xmloption', 'content'],
        ['array_nulls', 'on'],
        ['lock_timeout', '2s'],
      ].map(([name, value]) => `SET LOCAL ${name} = ${quoteValue(value as string)};`),
      '',
    ].join('\n'),
    item(item, isHidden) {
      if (item.type === 'transaction') return keyed.begin(item) + transaction(item) + keyed.warning();
      if (item.type === 'message')
        return `${comment(`a logical message of ${item.bytes} bytes, ${JSON.stringify(item.prefix)}`)}\n`;
      if (item.type === 'truncate') {
        keyed.leaveOut();
        return `${comment(`truncate, by hand: TRUNCATE ${item.tables.map(quoteTable).join(', ')} (${item.flags})`)}\n`;
      }
      if (item.half === 'left') {
        left = item;
        return '';
      }
      const from = item.half === 'arrived' ? left : undefined;
      left = undefined;
      const { statement, says } = change(item, from, isHidden);
      return keyed.change(item, statement, says);
    },
    end: ({ sequences }) =>
      [
        keyed.begin(undefined),
        ...sequences.map(({ schema, name, old, new: now }) =>
          comment(
            `sequence ahead on the old primary (not undone by ROLLBACK): SELECT setval(${quoteValue(quoteTable({ schema, name }))}, ${old}); now ${now ?? 'unused'}`,
          ),
        ),
        'ROLLBACK;',
        '',
      ].join('\n'),
  };
}

function transaction({ xid, commitLsn, committedAt, changes }: LostTransaction): string {
  if (commitLsn === undefined) return `\n${comment(`transaction ${xid}`)}\n`;
  const says = `transaction ${xid}, committed ${committedAt ?? 'at an unknown time'} at ${commitLsn}: ${changes} changes`;
  const empty = changes === 0 ? '; nothing that is decoded: DDL, a sequence, a large object, or nothing' : '';
  return `\n${comment(`${says}${empty}`)}\n`;
}

interface Reviewed {
  /** Undefined: nothing repeats the change. */
  readonly statement: string | undefined;
  /** The same as a comment. */
  readonly says: string;
}

function change(item: LostChange, from: LostChange | undefined, isHidden: (column: string) => boolean): Reviewed {
  const isMove = from !== undefined;
  const statement = isMove ? moveStatementOf(from, item) : statementOf(item);
  const needsHidden = columnsOf(item, from).some(isHidden);
  const operation = isMove ? 'UPDATE' : item.operation;
  const parts = [
    `${item.class}${item.why === undefined ? '' : ` (${item.why})`}: ${operation} ${quoteTable(item.table)}`,
    jsonOf(shown(from?.key ?? item.key, isHidden)),
  ];
  const isTold = item.class === 'conflict' || item.class === 'no-key' || item.class === 'truncate' || needsHidden;
  if (isTold && item.after !== undefined) parts.push(`lost ${jsonOf(shown(item.after, isHidden))}`);
  if (item.now !== undefined) parts.push(`now ${jsonOf(shown(item.now, isHidden))}`);
  const broken = item.repeat?.mayBreak ?? [];
  const note =
    broken.length === 0 ? '' : ` ${comment(`can fail: not compared with ${broken.map(quoteName).join(', ')}`)}`;
  return {
    statement: needsHidden || statement === undefined ? undefined : statement + note,
    says: comment(parts.join(' ')),
  };
}
