import { TransactionControlError } from '../errors.ts';
import { again, type Row } from './again.ts';
import { readAnswer, writeAnswer } from './answer.ts';
import type { Claim } from './claim.ts';
import { ABORT, CLAIM_IN, FIND, KEEP_IN, XID } from './table.ts';
import { tableFailed } from './table-failed.ts';

/** Runs one statement in a transaction of the app, and returns its rows. */
export type RunStatement = (text: string, values: readonly (string | null)[]) => Promise<readonly object[]>;

const ENDED = 'onceIn: fn has ended the transaction that query runs in, or has rolled it back to before its key';

/** As `once()`, in a transaction that the app has begun and will end. */
export async function onceIn<T>(
  query: RunStatement,
  claim: Claim,
  fn: () => Promise<T>,
  maxAnswerBytes: number,
): Promise<T> {
  const run = async (text: string, values: readonly (string | null)[]): Promise<Record<string, unknown>> => {
    const rows = await query(text, values).catch(tableFailed);
    if (!Array.isArray(rows)) throw new TypeError('onceIn: query must return the rows of its statement');
    return (rows[0] ?? {}) as Record<string, unknown>;
  };
  const { xid } = await run(XID, []);
  const { claimed, together } = await run(CLAIM_IN, [...claim.values, String(xid), String(xid)]);
  // Two statements outside a transaction are two transactions: the row would not be in the one of the write.
  if (together !== true) throw new TypeError('onceIn: query must run in a transaction, so nothing was done');
  if (claimed !== true) {
    const [row] = (await query(FIND, claim.row)) as readonly Row[];
    return again(row, claim) as T;
  }
  try {
    const answer = writeAnswer(await fn(), maxAnswerBytes);
    const { kept } = await run(KEEP_IN, [answer, ...claim.row, String(xid)]);
    // The write would be committed without its key, or apart from it: what was committed before is not undone.
    if (kept !== true) throw new TransactionControlError('unknown', new Error(ENDED));
    return readAnswer(answer) as T;
  } catch (error) {
    // If the app catches it inside its transaction, the COMMIT must not keep the key without the write.
    await query(ABORT, []).catch(() => {});
    throw error;
  }
}
