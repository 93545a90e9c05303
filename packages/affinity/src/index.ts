export { type Affinity, createAffinity } from './affinity.ts';
export type { AffinityEvents, CookieSkippedReason, LoopGuard } from './events.ts';
export type { AffinityCookieOptions, AffinityMode, AffinityOptions } from './options.ts';
export type { AffinityAction, AffinityReason } from './rule.ts';
