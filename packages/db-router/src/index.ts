export { type AnyRouterError, isRouterError } from './any-router-error.ts';
export type { BatchStatement } from './connection/batch.ts';
export { outcomeOf } from './connection/outcome.ts';
export type { Query } from './connection/query.ts';
export {
  AbortedError,
  AdvisoryLockError,
  BatchStatementError,
  NestedTransactionError,
  NodeFencedError,
  type NodeSituation,
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
export type { EpochSource, RouterEvents } from './events.ts';
export type { GateRouter, GateSeam, PrimaryLocation, RequestScope, WritePolicy } from './gate-seam.ts';
export type { EpochStore } from './history/epoch-store.ts';
export type { RegionRouterOptions } from './options.ts';
export type { PauseWait } from './pause/drain.ts';
export type { PauseOptions, PauseResult } from './pause/pause-writes.ts';
export type { NodeState, NoPrimaryReason, Outcome, RouteReason, TopologyState } from './reasons.ts';
export type { RegionRouter, ScopeOptions, StatementOptions } from './region-router.ts';
export { createRegionRouter } from './router.ts';
export { RouterError, type RouterErrorCode } from './router-error.ts';
export type { NodeReport, RouterStats, RouterTopology } from './router-reports.ts';
export type { BatchOptions } from './statements/batches.ts';
export type { Transaction } from './statements/open-transaction.ts';
export type { RetryOptions } from './statements/retry.ts';
export type { TransactionOptions } from './statements/transactions.ts';
export { everyNodeWrites } from './topology/every-node-writes.ts';
export { postgresReadings, type Reading, type Readings } from './topology/readings.ts';
