import type { Session } from '../servers/session.ts';
import { atDistance, distanceSql, fullXid, WRAP } from '../servers/xid.ts';
import type { DecodedLine } from './change.ts';
import { DecodeError, parseLine } from './parse-line.ts';

type Change = Extract<DecodedLine, { readonly kind: 'change' | 'truncate' | 'message' }>;

/** What the old primary committed after the fork, in the order of the commits. */
export type TailEvent =
  | { readonly kind: 'change'; readonly transaction: number; readonly place: number; readonly line: Change }
  | {
      /** The end of a transaction, after its changes. */
      readonly kind: 'transaction';
      /** 0 for the first. */
      readonly transaction: number;
      readonly xid: bigint;
      readonly commitLsn: string;
      readonly committedAt: string | undefined;
      readonly changes: number;
    };

const OPTIONS = `'include-xids', '1', 'include-timestamp', '1', 'skip-empty-xacts', '0'`;

/** So many characters are in memory at once, unless one row is longer. */
const PAGE_LENGTH = 4_000_000;
const MAX_ROWS = 1_000;

/** What the slot holds of the history that both servers have. */
export interface SharedPart {
  /** So many rows of the slot come before the first lost transaction. */
  readonly rows: number;
  /** The highest transaction number in them. */
  readonly highestXid: bigint | undefined;
}

/**
 * Counts the rows of transactions that the new primary has, too: their commit ends at the fork or before. They come
 * first, because decoding is in the order of the commits. The server stops decoding soon after the fork.
 */
export async function readSharedPart(session: Session, slot: string, fork: string, next: bigint): Promise<SharedPart> {
  const [row] = await session.query<{ rows: string; xid: string | null }>(
    `SELECT coalesce(max(n) FILTER (WHERE data LIKE 'COMMIT%' AND lsn <= $2::pg_lsn), 0) AS rows,
       max(${distanceSql('$3')})
         FILTER (WHERE data LIKE 'COMMIT%' AND lsn <= $2::pg_lsn) AS xid
     FROM pg_logical_slot_peek_changes($1, $2::pg_lsn, NULL, ${OPTIONS}) WITH ORDINALITY AS c(lsn, xid, data, n)`,
    [slot, fork, (next % WRAP).toString()],
  );
  if (row === undefined) return { rows: 0, highestXid: undefined };
  const highestXid = row.xid === null ? undefined : atDistance(BigInt(row.xid), next);
  return { rows: Number(row.rows), highestXid };
}

/**
 * Reads the lost part of the slot, and leaves the slot as it is. The server decodes once into a temporary file of its
 * own; pages come from a cursor, so that the memory here does not grow with the tail. Must run in a transaction.
 *
 * @throws {DecodeError}
 */
export async function* readTail(
  session: Session,
  slot: string,
  { rows }: SharedPart,
  next: bigint,
): AsyncGenerator<TailEvent> {
  await session.query(`DECLARE regionkit_tail NO SCROLL CURSOR FOR SELECT lsn::text, xid::text, data
    FROM pg_logical_slot_peek_changes(${quoteSlot(slot)}, NULL, NULL, ${OPTIONS}) WITH ORDINALITY AS c(lsn, xid, data, n)
    WHERE n > ${rows}`);
  let transaction = 0;
  let isOpen = false;
  let place = 0;
  let count = 50;
  for (;;) {
    const page = await session.lists(`FETCH FORWARD ${count} FROM regionkit_tail`);
    let length = 0;
    for (const [lsn = '', xid = '', data = ''] of page as readonly (readonly string[])[]) {
      length += data.length;
      const line = parseLine(data);
      if (line.kind === 'begin') {
        if (isOpen) throw new DecodeError('a transaction in another one', 0);
        isOpen = true;
        place = 0;
      } else if (line.kind === 'commit') {
        if (!isOpen) throw new DecodeError('an end without a beginning', 0);
        yield {
          kind: 'transaction',
          transaction,
          xid: fullXid(xid, next),
          commitLsn: lsn,
          committedAt: line.at,
          changes: place,
        };
        isOpen = false;
        transaction += 1;
      } else if (isOpen) {
        yield { kind: 'change', transaction, place, line };
        place += 1;
      } else if (line.kind !== 'message') {
        throw new DecodeError('a change outside of a transaction', 0);
      }
    }
    if (page.length < count) break;
    const average = Math.max(1, length / page.length);
    count = Math.max(1, Math.min(MAX_ROWS, Math.floor(PAGE_LENGTH / average), count * 4));
  }
  if (isOpen) throw new DecodeError('a transaction without an end', 0);
  await session.query('CLOSE regionkit_tail');
}

/** Names of slots have small letters, digits and `_` only. */
function quoteSlot(slot: string): string {
  if (!/^[a-z0-9_]{1,63}$/.test(slot)) throw new DecodeError('no name of a slot', 0);
  return `'${slot}'`;
}
