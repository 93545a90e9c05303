import type { RowClass } from './classify/row-class.ts';
import type { Field, Operation, TableName } from './decode/change.ts';

/** One entry of the list of lost writes, in the order of the commits. Kept in a temporary file until it is written. */
export type Item = LostTransaction | LostChange | LostTruncate | LostMessage;

export interface LostTransaction {
  readonly type: 'transaction';
  readonly xid: string;
  /** Undefined: it was not decoded. */
  readonly commitLsn: string | undefined;
  readonly committedAt: string | undefined;
  /** Undefined: not known. */
  readonly changes: number | undefined;
}

export interface LostChange {
  readonly type: 'change';
  readonly table: TableName;
  /** The table is the one of the ledger, or a partition of it. */
  readonly ofLedger?: true;
  readonly operation: Operation;
  readonly class: RowClass;
  readonly why: string | undefined;
  /** Empty: nothing identifies the row. */
  readonly key: readonly Field[];
  /** The row after it, as far as the WAL has it. Of a DELETE without a key: nothing. */
  readonly after: readonly Field[] | undefined;
  readonly unchanged: readonly string[];
  /** The row as the new primary has it. Of a conflict. */
  readonly now: readonly Field[] | undefined;
  readonly half: 'left' | 'arrived' | undefined;
  /** Of a key of the ledger: it was certainly free at the fork, because its first lost change has made it. */
  readonly wasFree?: true;
  /** It is certain that the new primary has made the row that it has by this key itself, after the fork. */
  readonly isOwn?: true;
  /** How the new primary would repeat it. Undefined: it is not to be repeated. */
  readonly repeat: Repeat | undefined;
}

export interface Repeat {
  /** The columns that get another value. */
  readonly set: readonly Field[];
  /** The transaction that wrote the row on the new primary. Undefined: an earlier statement of the same file. */
  readonly xmin: string | undefined;
  /** By which operator each column of the key is compared. */
  readonly equals: readonly string[];
  /** `GENERATED ALWAYS AS IDENTITY`: an INSERT with a value needs to say so. */
  readonly isOverriding: boolean;
  /** Of the key that a row left: its values before, to find out what the statement must set. */
  readonly state: readonly Field[] | undefined;
  /** Indexes that can refuse it: what they forbid was not compared. */
  readonly mayBreak?: readonly string[];
}

export interface LostTruncate {
  readonly type: 'truncate';
  readonly tables: readonly TableName[];
  readonly flags: string;
}

/** `pg_logical_emit_message`. The content is not kept. */
export interface LostMessage {
  readonly type: 'message';
  readonly prefix: string;
  readonly bytes: number;
}

const DIGITS = 16;
const padded = (number: number): string => String(number).padStart(DIGITS, '0');

/** Sorts a transaction before its changes, and these by their place. */
export const transactionKey = (transaction: number): string => `${padded(transaction)} `;
export const changeKey = (transaction: number, place: number): string => `${padded(transaction)}.${padded(place)}`;
export const transactionOf = (key: string): number => Number(key.slice(0, DIGITS));
