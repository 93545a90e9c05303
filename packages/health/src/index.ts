export type {
  Capability,
  Check,
  CheckContext,
  CheckOptions,
  CheckReason,
  CheckResult,
  CheckStatus,
} from './checks/check.ts';
export { checks } from './checks/checks.ts';
export { all, any, cached, mapResult, withTimeout } from './checks/compose.ts';
export type { ConfigLike } from './checks/config.ts';
export type { EventLoopOptions } from './checks/event-loop.ts';
export type { HttpCheckOptions } from './checks/http.ts';
export type { LatencyOptions } from './checks/latency.ts';
export type { PoolLike } from './checks/pool.ts';
export type { LagSource, ReplicaLagOptions } from './checks/router.ts';
export type { SessionsLike } from './checks/session-keys.ts';
export type { AnyServer } from './drain/connections.ts';
export { createDrain, type Drain, type DrainEvents, type DrainStep } from './drain/drain.ts';
export type { Drainable, DrainHook, DrainOptions } from './drain/options.ts';
export type { HealthEvents } from './events.ts';
export type { Followed, FollowOptions } from './follow.ts';
export { createHealth } from './health.ts';
export type { Health } from './health-instance.ts';
export type { CheckDefaults, HealthOptions } from './options.ts';
export type { PeersOptions } from './peers/options.ts';
export type { PeerReason } from './peers/peer.ts';
export type { FetchLike } from './peers/transport.ts';
export type { RouteName } from './routes/paths.ts';
export type { HealthVerdict, Phase } from './verdict/judge.ts';
