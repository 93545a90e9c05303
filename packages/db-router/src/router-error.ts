import { RegionKitError, type RegionKitErrorOptions } from '@regionkit/core';
import type { Outcome } from './reasons.ts';

/** Every code of a router's errors. */
export type RouterErrorCode =
  | 'ERR_NO_PRIMARY'
  | 'ERR_NOT_PRIMARY_REGION'
  | 'ERR_REPLICA_BEHIND'
  | 'ERR_NO_READABLE_NODE'
  | 'ERR_NODE_UNAVAILABLE'
  | 'ERR_NODE_FENCED'
  | 'ERR_OUTCOME_UNKNOWN'
  | 'ERR_ROLLED_BACK'
  | 'ERR_ADVISORY_LOCK_ON_REPLICA'
  | 'ERR_NESTED_TRANSACTION'
  | 'ERR_TRANSACTION_CLOSED'
  | 'ERR_TRANSACTION_CONTROL'
  | 'ERR_TRANSACTION_LEAKED'
  | 'ERR_TRANSACTION_LEFT_OPEN'
  | 'ERR_BATCH_STATEMENT'
  | 'ERR_PAUSE_REFUSED'
  | 'ERR_ABORTED'
  | 'ERR_ROUTER_CLOSED';

/**
 * The base class of a router's errors. Each error says what happened to the statement. {@link AnyRouterError} is the
 * union of all by `code`.
 */
export class RouterError<Code extends RouterErrorCode = RouterErrorCode> extends RegionKitError<Code> {
  readonly outcome: Outcome;

  constructor(code: Code, message: string, outcome: Outcome, options?: RegionKitErrorOptions) {
    super(code, message, options);
    this.outcome = outcome;
  }
}
