import { LedgerError } from './ledger-error.ts';

/** The table or its schema is missing, or the role may not use them. */
const TABLE_FAILURES: ReadonlySet<unknown> = new Set(['42P01', '3F000', '42501', '42703']);

interface Failure {
  readonly code?: unknown;
  readonly cause?: { readonly code?: unknown };
}

/** What a caller gets for the error of a statement on the table. An ORM may have wrapped it. */
export function tableError(error: unknown): unknown {
  const { code, cause } = error as Failure;
  const isOfTable = TABLE_FAILURES.has(code) || TABLE_FAILURES.has(cause?.code);
  return isOfTable ? new LedgerError('ERR_LEDGER_TABLE', error) : error;
}

export function tableFailed(error: unknown): never {
  throw tableError(error);
}
