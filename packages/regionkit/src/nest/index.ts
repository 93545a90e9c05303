export { RegionKitFilter } from './region-kit-filter.ts';
export { type RegionKitAsyncOptions, RegionKitModule } from './region-kit-module.ts';
export { CurrentSession, RequireSession } from './require-session.ts';
export { REGION_KIT, REGION_ROUTER, REGION_SESSIONS } from './tokens.ts';
export { useRegionKit } from './use-region-kit.ts';
