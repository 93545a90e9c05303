import { isRegionKitError } from '@regionkit/core';
import type {
  AbortedError,
  AdvisoryLockError,
  BatchStatementError,
  NestedTransactionError,
  NodeFencedError,
  NodeUnavailableError,
  NoPrimaryError,
  NoReadableNodeError,
  NotPrimaryRegionError,
  OutcomeUnknownError,
  PauseRefusedError,
  ReplicaBehindError,
  RolledBackError,
  RouterClosedError,
  TransactionClosedError,
  TransactionControlError,
  TransactionLeakedError,
  TransactionLeftOpenError,
} from './errors.ts';
import type { RouterErrorCode } from './router-error.ts';

/**
 * Every error of a router, as a union by `code`. A misspelt code does not compile.
 *
 * @example
 * ```ts
 * if (isRouterError(error) && error.code === 'ERR_NOT_PRIMARY_REGION') console.log(error.region);
 * ```
 */
export type AnyRouterError =
  | NoPrimaryError
  | NotPrimaryRegionError
  | ReplicaBehindError
  | NoReadableNodeError
  | NodeUnavailableError
  | NodeFencedError
  | OutcomeUnknownError
  | RolledBackError
  | AdvisoryLockError
  | NestedTransactionError
  | TransactionClosedError
  | TransactionControlError
  | TransactionLeakedError
  | TransactionLeftOpenError
  | BatchStatementError
  | PauseRefusedError
  | AbortedError
  | RouterClosedError;

/**
 * Whether `value` is an error of a router, in any loaded version. If an ORM may have wrapped it, use `regionKitErrorOf`
 * first.
 */
export function isRouterError(value: unknown): value is AnyRouterError {
  return isRegionKitError(value) && Object.hasOwn(CODES, value.code);
}

const CODES: Readonly<Record<RouterErrorCode, true>> = {
  ERR_NO_PRIMARY: true,
  ERR_NOT_PRIMARY_REGION: true,
  ERR_REPLICA_BEHIND: true,
  ERR_NO_READABLE_NODE: true,
  ERR_NODE_UNAVAILABLE: true,
  ERR_NODE_FENCED: true,
  ERR_OUTCOME_UNKNOWN: true,
  ERR_ROLLED_BACK: true,
  ERR_ADVISORY_LOCK_ON_REPLICA: true,
  ERR_NESTED_TRANSACTION: true,
  ERR_TRANSACTION_CLOSED: true,
  ERR_TRANSACTION_CONTROL: true,
  ERR_TRANSACTION_LEAKED: true,
  ERR_TRANSACTION_LEFT_OPEN: true,
  ERR_BATCH_STATEMENT: true,
  ERR_PAUSE_REFUSED: true,
  ERR_ABORTED: true,
  ERR_ROUTER_CLOSED: true,
};
