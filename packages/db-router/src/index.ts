export { type AnyRouterError, isRouterError } from './any-router-error.ts';
export {
  AbortedError,
  AdvisoryLockError,
  BatchStatementError,
  NestedTransactionError,
  NodeFencedError,
  type NodeSituation,
  NodeUnavailableError,
  NoPrimaryError,
  type NoPrimaryReason,
  NoReadableNodeError,
  NotPrimaryRegionError,
  type Outcome,
  OutcomeUnknownError,
  ReplicaBehindError,
  RolledBackError,
  RouterClosedError,
  RouterError,
  type RouterErrorCode,
  TransactionClosedError,
  TransactionControlError,
  TransactionLeakedError,
  TransactionLeftOpenError,
} from './errors.ts';
export type { HeardFrom, RouterEvents } from './events.ts';
export type { GateRouter, PrimaryLocation, RequestScope, WritePolicy } from './gate-seam.ts';
export type { RegionRouterOptions } from './options.ts';
export type { BatchStatement } from './pools/batch.ts';
export type {
  NodeReport,
  RegionRouter,
  RouterStats,
  RouterTopology,
  ScopeOptions,
  StatementOptions,
} from './region-router.ts';
export { createRegionRouter } from './router.ts';
export type { BatchOptions } from './routing/batches.ts';
export type { Transaction } from './routing/open-transaction.ts';
export { outcomeOf } from './routing/outcome.ts';
export type { RouteReason } from './routing/route.ts';
export type { Query } from './routing/run.ts';
export type { TransactionOptions } from './routing/transactions.ts';
export { type FakeRouter, type FakeRouterOptions, type FakeStatement, fakeRouter } from './testing/fake-router.ts';
export type { EpochStore } from './topology/epoch-store.ts';
export { everyNodeWrites } from './topology/every-node-writes.ts';
export { postgresReadings, type Reading, type Readings } from './topology/readings.ts';
export type { NodeState, TopologyState } from './topology/topology.ts';
