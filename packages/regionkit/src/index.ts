export { isRegionKitError, regionKitErrorOf } from '@regionkit/core';
export { createRegionKit } from './create-region-kit.ts';
export type { KitExplanation, KitPart, SecretOrigin } from './explain.ts';
export type {
  ConfigOption,
  KitAffinityOptions,
  KitGateOptions,
  KitHealthOptions,
  KitRouterOptions,
  RegionKitOptions,
  SessionsOption,
} from './options.ts';
export type { KitDrainOptions, RegionKit, SessionsOf } from './region-kit.ts';
export { deriveSecret, type SecretUse } from './secrets.ts';
