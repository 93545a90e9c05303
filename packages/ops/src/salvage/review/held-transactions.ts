import type { Item, LostChange } from '../items.ts';
import { isLedger } from '../ledger/ledger-table.ts';
import { XidSet } from '../servers/xid.ts';
import { columnsOf, statementOf } from './statement.ts';

/** Transactions of which no statement is repeated, by their place in the list from 1. */
export interface HeldTransactions {
  /** The client has sent the key again, and the write was done again. */
  readonly doneAgain: XidSet;
  /** The new primary has the key, and it is not certain whether from the client's next attempt. */
  readonly undecided: XidSet;
  /** What repeats the key needs a value that is hidden. Without its key the write would be done twice. */
  readonly hidden: XidSet;
}

/** Whether this is a key of the ledger that the new primary has as well, with another write. */
const isTaken = (item: LostChange): boolean =>
  isLedger(item) && item.class === 'conflict' && item.operation === 'INSERT';

/** Reads the whole list: a key may come after statements of its transaction. */
export async function findHeld(
  items: AsyncIterable<{ readonly value: Item }>,
  hiddenOf: (item: LostChange) => Promise<(column: string) => boolean>,
): Promise<HeldTransactions> {
  const held: HeldTransactions = { doneAgain: new XidSet(), undecided: new XidSet(), hidden: new XidSet() };
  let place = 0n;
  for await (const { value: item } of items) {
    if (item.type === 'transaction') place += 1n;
    if (item.type !== 'change' || !isLedger(item)) continue;
    if (isTaken(item)) (item.isOwn === true ? held.doneAgain : held.undecided).add(place);
    else if (statementOf(item) !== undefined) {
      const isHidden = await hiddenOf(item);
      if (columnsOf(item).some(isHidden)) held.hidden.add(place);
    }
  }
  return held;
}
