import type { BatchStatement } from '../connection/batch.ts';
import type { RegionRouter } from '../region-router.ts';
import type { BatchOptions } from '../statements/batches.ts';
import { again, type Row } from './again.ts';
import { readAnswer, writeAnswer } from './answer.ts';
import type { Claim } from './claim.ts';
import { CLAIM_OR_FAIL, FIND } from './table.ts';
import { tableError } from './table-failed.ts';

/** As `once()`, for statements that are known before, in one round trip. */
export async function onceBatch<T>(
  router: Pick<RegionRouter, 'batch' | 'transaction'>,
  claim: Claim,
  { statements, answer, maxAnswerBytes }: Asked<T>,
  how: BatchOptions,
): Promise<T> {
  const kept = writeAnswer(answer, maxAnswerBytes);
  try {
    await router.batch([{ text: CLAIM_OR_FAIL, values: [...claim.values, kept] }, ...statements], how);
    return readAnswer(kept) as T;
  } catch (error) {
    if (!isTaken(error)) throw isOfTable(error) ? tableError(error) : error;
  }
  const { signal } = how;
  const find = router.transaction(async (tx) => (await tx.query<Row>(FIND, claim.row)).rows[0], {
    ...(signal !== undefined && { signal }),
  });
  return again(await find, claim) as T;
}

interface Asked<T> {
  readonly statements: readonly BatchStatement[];
  readonly answer: T;
  readonly maxAnswerBytes: number;
}

/** https://www.postgresql.org/docs/current/protocol-error-fields.html */
interface ServerError {
  readonly code?: unknown;
  readonly schema?: unknown;
  readonly table?: unknown;
  readonly message?: unknown;
}

/** 23502: another transaction holds the lock, so the key was NULL. 23505: the row is there. */
function isTaken(error: unknown): boolean {
  const { code, schema, table } = error as ServerError;
  return schema === 'regionkit' && table === 'ledger' && (code === '23502' || code === '23505');
}

/** A statement of the app may lack its table as well, and that table may be `ledger_entries`, or `ledger` in another schema. */
const isOfTable = (error: unknown): boolean =>
  /regionkit|(?<!^relation ")\bledger\b/.test(String((error as ServerError).message));
