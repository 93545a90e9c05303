import { fieldOf } from '../decode/change.ts';
import type { Item, LostChange, LostTransaction } from '../items.ts';
import { isLedger } from './ledger-table.ts';

/** A write by `once()` that only the old primary has. */
export interface LostKey {
  readonly actor: string;
  readonly key: string;
  /** When the old primary took the key, as PostgreSQL writes it. */
  readonly at: string | null;
  readonly xid: string | undefined;
  readonly commitLsn: string | undefined;
  readonly committedAt: string | undefined;
  /** The key was certainly free at the fork: a row that the new primary has by it is of the client's next attempt. */
  readonly wasFree: boolean;
}

const PAGE = 1_000;

/** The lost writes of the ledger, in pages. Pure: each INSERT into its table is one, whatever became of the row. */
export async function* lostKeys(items: AsyncIterable<{ readonly value: Item }>): AsyncGenerator<readonly LostKey[]> {
  let transaction: LostTransaction | undefined;
  let page: LostKey[] = [];
  for await (const { value: item } of items) {
    if (item.type === 'transaction') transaction = item;
    const found = item.type === 'change' ? lostKey(item, transaction) : undefined;
    if (found === undefined) continue;
    page.push(found);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

function lostKey(item: LostChange, transaction: LostTransaction | undefined): LostKey | undefined {
  if (!isLedger(item)) return undefined;
  const { operation, after = [], wasFree } = item;
  // Without the WAL, a row that the new primary has from before the fork looks like an UPDATE.
  const isByRows = transaction?.commitLsn === undefined;
  if (operation !== 'INSERT' && !(isByRows && operation === 'UPDATE')) return undefined;
  const [actor, key] = [fieldOf(after, 'actor'), fieldOf(after, 'key')];
  if (actor === null || key === null) return undefined;
  const { xid, commitLsn, committedAt } = transaction ?? {};
  return { actor, key, at: fieldOf(after, 'at'), xid, commitLsn, committedAt, wasFree: wasFree === true };
}
