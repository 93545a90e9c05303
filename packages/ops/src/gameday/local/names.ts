/** The regions of a drill on this machine. The first takes the writes at the start. */
export const REGIONS = ['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const;
export type RegionName = (typeof REGIONS)[number];

/** A second server in the region of the primary, behind one endpoint with it. */
export const TWIN = 'us-east-1-b';
export type ServerName = RegionName | typeof TWIN;

export function perRegion<T>(make: (region: RegionName) => T): Record<RegionName, T> {
  return Object.fromEntries(REGIONS.map((name) => [name, make(name)])) as Record<RegionName, T>;
}

/** Round trips in milliseconds: short enough for many requests, long enough for a standby to be seen behind. */
export const ROUND_TRIP_MS = {
  'us-east-1': { 'eu-west-1': 40, 'ap-southeast-1': 80 },
  'eu-west-1': { 'ap-southeast-1': 60 },
  'us-east-1-b': { 'eu-west-1': 40, 'ap-southeast-1': 80 },
} as const;

/** Route 53 with its quick settings, forty times quicker. */
export const DNS = { intervalMs: 10_000, failureThreshold: 3, ttlMs: 60_000, speed: 40, checkers: 4 } as const;
