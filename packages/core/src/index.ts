export type {
  DatabaseReport,
  Epoch,
  EpochVoid,
  Fork,
  RouteExplanation,
  RouterSeam,
  Vouch,
  WritePause,
} from './database.ts';
export { compose } from './doors/compose.ts';
export type { DeciderFailure } from './doors/failure.ts';
export type {
  Doors,
  FastifyPlugin,
  FetchHandler,
  HonoMiddleware,
  KoaMiddleware,
  NodeHandler,
  NodeMiddleware,
  WithDoors,
} from './doors/types.ts';
export { withDoors } from './doors/with-doors.ts';
export { isRegionKitError, RegionKitError, type RegionKitErrorOptions, regionKitErrorOf } from './errors.ts';
export { createEvents, type EventSource, type Events } from './events.ts';
export type {
  AnswerHooks,
  Decider,
  DeciderKind,
  Decision,
  NextDecision,
  NodeRequest,
  NodeResponse,
  ProxyDecision,
  RequestOutcome,
  RequestView,
  RespondDecision,
  ResponseHead,
} from './http/decision.ts';
export { rawRequest } from './http/raw-request.ts';
export type { Logger } from './kit/logger.ts';
export { isLive, type Live, live, type SettableLive, toLive } from './live.ts';
export {
  type FakeView,
  fakeView,
  type ProcessPause,
  type RegionState,
  type RegionView,
  type Sibling,
  staticView,
  unknownRegion,
  type Verdict,
} from './region-view.ts';
export { defineRegions, type Region, type Regions, type RegionsOptions } from './regions.ts';
export type { StandardIssue, StandardResult, StandardSchema } from './standard-schema.ts';
