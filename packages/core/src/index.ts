export type { DatabaseReport, Epoch, Fork, RouteExplanation, RouterSeam } from './database.ts';
export { isRegionKitError, RegionKitError, type RegionKitErrorOptions } from './errors.ts';
export { createEvents, type EventSource, type Events, type Logger } from './events.ts';
export type {
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
export { isLive, type Live, live, type SettableLive, toLive } from './live.ts';
export {
  type FakeView,
  fakeView,
  type RegionState,
  type RegionView,
  staticView,
  unknownRegion,
  type Verdict,
} from './region-view.ts';
export { defineRegions, type Region, type Regions, type RegionsOptions } from './regions.ts';
