import { readAnswer } from './answer.ts';
import type { Claim } from './claim.ts';
import { LedgerError } from './ledger-error.ts';

/** What {@link FIND} returns. */
export type Row = {
  readonly fingerprint: string | null;
  readonly answer: string | null;
};

/**
 * What a call gets whose key is taken.
 *
 * @throws {LedgerError} `ERR_IDEMPOTENCY_IN_PROGRESS`: there is no row yet; `ERR_IDEMPOTENCY_REUSED`
 */
export function again(row: Row | undefined, { fingerprint }: Claim): unknown {
  if (row === undefined) throw new LedgerError('ERR_IDEMPOTENCY_IN_PROGRESS');
  const isOther = row.fingerprint !== null && fingerprint !== null && row.fingerprint !== fingerprint;
  if (isOther) throw new LedgerError('ERR_IDEMPOTENCY_REUSED');
  return readAnswer(row.answer);
}
