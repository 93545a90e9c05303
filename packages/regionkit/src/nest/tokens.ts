/** What the module provides: `@Inject(REGION_KIT) kit: RegionKit`. */
export const REGION_KIT = 'regionkit' as const;
/** The router of the kit: `@Inject(REGION_ROUTER) router: RegionRouter`. */
export const REGION_ROUTER = 'regionkit:router' as const;
/** The verifier of the sessions, or undefined: `@Inject(REGION_SESSIONS) sessions: SessionVerifier`. */
export const REGION_SESSIONS = 'regionkit:sessions' as const;
