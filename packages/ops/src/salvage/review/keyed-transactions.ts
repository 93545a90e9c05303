import type { LostChange, LostTransaction } from '../items.ts';
import { isLedger } from '../ledger/ledger-table.ts';
import { comment } from '../sql-text.ts';
import type { HeldTransactions } from './held-transactions.ts';

/**
 * Keeps a key of the ledger and its write together. A key without its write would answer a retry with a write that is not there;
 * a write whose key was sent again would be done twice.
 */
export interface KeyedTransactions {
  /** Ends the transaction before. Returns the statements of its keys. */
  begin(transaction: LostTransaction | undefined): string;
  /** Why no statement of this transaction is repeated, if that is so. */
  warning(): string;
  /** Something of the transaction is not repeated. */
  leaveOut(): void;
  /** The text of one change. `statement` repeats it, and `says` names it in a comment. */
  change(change: LostChange, statement: string | undefined, says: string): string;
}

const PART = 'not every change of this transaction is repeated, so its key is not either; by hand';

interface Why {
  readonly all: string;
  readonly one: string;
}
const AGAIN: Why = {
  all: 'The client has sent this key again, and the write was done again: repeat no statement of this transaction.',
  one: 'its key was sent again, so this was done again; by hand',
};
const UNDECIDED: Why = {
  all: 'The new primary has this key, too. It is not decided whether its client has sent it again: repeat no statement of this transaction before you know.',
  one: 'its key is taken, and perhaps this was done again; by hand',
};
const HIDDEN: Why = {
  all: 'The key of this write needs a hidden value (its answer: --ledger --ledger-answers shows it). Without its key, a retry would do the write again.',
  one: 'its key needs a hidden value; by hand',
};

export function createKeyedTransactions({ doneAgain, undecided, hidden }: HeldTransactions): KeyedTransactions {
  let keys: string[] = [];
  let isWhole = true;
  let place = 0n;
  const whyHeld = (): Why | undefined => {
    if (doneAgain.has(place)) return AGAIN;
    return undecided.has(place) ? UNDECIDED : hidden.has(place) ? HIDDEN : undefined;
  };
  return {
    begin(transaction) {
      const text = keys.map((key) => `${isWhole ? key : comment(`${PART}: ${key}`)}\n`).join('');
      keys = [];
      // Without the WAL, what else it has changed is not known.
      isWhole = transaction?.commitLsn !== undefined;
      place += 1n;
      return text;
    },
    warning() {
      const why = whyHeld();
      return why === undefined ? '' : `${comment(why.all)}\n`;
    },
    leaveOut() {
      isWhole = false;
    },
    change(item, statement, says) {
      const isKey = isLedger(item);
      if (statement === undefined) {
        if (!isKey && !isThere(item)) isWhole = false;
        return `${says}\n`;
      }
      const why = whyHeld();
      if (why !== undefined) return `${comment(`${why.one}: ${statement}`)}\n`;
      if (!isKey) return `${statement}\n`;
      keys.push(statement);
      return '';
    },
  };
}

/** Whether the new primary has it as it is to be. An UPDATE may have nothing to set. */
const isThere = ({ class: rowClass, operation, repeat }: LostChange): boolean =>
  rowClass === 'identical' ||
  rowClass === 'already-absent' ||
  (operation === 'UPDATE' && repeat !== undefined && repeat.set.length === 0);
