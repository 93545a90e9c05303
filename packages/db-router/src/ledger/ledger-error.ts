import { RegionKitError } from '@regionkit/core';

/** Every code of a ledger's errors. */
export type LedgerErrorCode =
  /** The request has no idempotency key, or one that cannot be used. */
  | 'ERR_IDEMPOTENCY_KEY'
  /** The first write with this key has not ended. */
  | 'ERR_IDEMPOTENCY_IN_PROGRESS'
  /** The key was used before, for another request. */
  | 'ERR_IDEMPOTENCY_REUSED'
  /** The answer is not JSON, or too large to keep. */
  | 'ERR_LEDGER_ANSWER'
  /** The table is missing, or the role may not use it. */
  | 'ERR_LEDGER_TABLE';

interface Meaning {
  readonly status: number;
  readonly outcome: LedgerError['outcome'];
  readonly message: string;
}

const MEANINGS: Readonly<Record<LedgerErrorCode, Meaning>> = {
  ERR_IDEMPOTENCY_KEY: {
    status: 400,
    outcome: 'not-sent',
    message:
      'the idempotency key is missing or malformed, so nothing was done: send 1 to 255 printable ASCII characters, in quotes in the field Idempotency-Key',
  },
  ERR_IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    outcome: 'not-sent',
    message: 'the first write with this idempotency key has not ended, so nothing more was done: try again later',
  },
  ERR_IDEMPOTENCY_REUSED: {
    status: 422,
    outcome: 'not-sent',
    message: 'this idempotency key belongs to another request, so nothing was done: use a new key for a new request',
  },
  ERR_LEDGER_ANSWER: {
    status: 500,
    outcome: 'rolled-back',
    message:
      'the answer is not JSON or longer than maxAnswerBytes, so the write was rolled back: return a short JSON value',
  },
  ERR_LEDGER_TABLE: {
    status: 500,
    outcome: 'rolled-back',
    message: 'the ledger cannot use its table regionkit.ledger, so nothing was written: apply the SQL of ledgerSql()',
  },
};

/** The ledger did not run a write, or rolled it back. `outcome` says which. */
export class LedgerError extends RegionKitError<LedgerErrorCode> {
  readonly outcome: 'not-sent' | 'rolled-back';

  constructor(code: LedgerErrorCode, cause?: unknown) {
    const { status, outcome, message } = MEANINGS[code];
    super(code, message, {
      status,
      ...(status === 409 && { headers: { 'retry-after': '1' } }),
      ...(cause !== undefined && { cause }),
    });
    this.outcome = outcome;
  }
}
