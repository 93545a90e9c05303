import type { LostChange, LostTransaction } from '../items.ts';
import { comment } from '../sql-text.ts';

/**
 * Keeps a key of the ledger and its write together. A key without its write would answer a retry with a write that is not there;
 * a write whose key was sent again would be done twice.
 */
export interface KeyedTransactions {
  /** Ends the transaction before. Returns the statements of its keys. */
  begin(transaction: LostTransaction | undefined): string;
  /** Something of the transaction is not repeated. */
  leaveOut(): void;
  /** The text of one change. `statement` repeats it, and `says` names it in a comment. */
  change(change: LostChange, statement: string | undefined, says: string): string;
}

const PART = 'not every change of this transaction is repeated, so its key is not either; by hand';
const AGAIN = 'its key was sent again, so this was done again; by hand';
const AGAIN_ALL =
  'The client has sent this key again, and the write was done again: repeat no statement of this transaction.';

export function createKeyedTransactions(): KeyedTransactions {
  let keys: string[] = [];
  let isWhole = true;
  let isDoneAgain = false;
  return {
    begin(transaction) {
      const text = keys.map((key) => `${isWhole ? key : comment(`${PART}: ${key}`)}\n`).join('');
      keys = [];
      // Without the WAL, what else it has changed is not known.
      isWhole = transaction?.commitLsn !== undefined;
      isDoneAgain = false;
      return text;
    },
    leaveOut() {
      isWhole = false;
    },
    change(item, statement, says) {
      const isKey = item.table.schema === 'regionkit' && item.table.name === 'ledger';
      if (isKey && item.class === 'conflict' && item.operation === 'INSERT') {
        isDoneAgain = true;
        return `${says}\n${comment(AGAIN_ALL)}\n`;
      }
      if (isKey && statement !== undefined) {
        keys.push(statement);
        return '';
      }
      if (statement === undefined) {
        if (!isKey && !isThere(item)) isWhole = false;
        return `${says}\n`;
      }
      return `${isDoneAgain ? comment(`${AGAIN}: ${statement}`) : statement}\n`;
    },
  };
}

/** Whether the new primary has it as it is to be. An UPDATE may have nothing to set. */
const isThere = ({ class: rowClass, operation, repeat }: LostChange): boolean =>
  rowClass === 'identical' ||
  rowClass === 'already-absent' ||
  (operation === 'UPDATE' && repeat !== undefined && repeat.set.length === 0);
