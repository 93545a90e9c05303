export { fingerprintOf } from './fingerprint.ts';
export { type Idempotency, idempotencyOf } from './idempotency.ts';
export { createLedger, type KeyOptions, type Ledger, type OnceBatchOptions, type OnceOptions } from './ledger.ts';
export { LedgerError, type LedgerErrorCode } from './ledger-error.ts';
export type { RunStatement } from './once-in.ts';
export type { LedgerOptions } from './options.ts';
export { type LedgerSqlOptions, ledgerSql } from './table.ts';
