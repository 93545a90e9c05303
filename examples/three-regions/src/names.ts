/** The three regions of the demo. The first takes the writes at the start. */
export const REGIONS = ['us-east-1', 'eu-west-1', 'ap-southeast-1'] as const;
export type RegionName = (typeof REGIONS)[number];

/** What people call them. */
export const PLACE: Readonly<Record<RegionName, string>> = {
  'us-east-1': 'Virginia',
  'eu-west-1': 'Ireland',
  'ap-southeast-1': 'Singapore',
};

/** Round trips between the places, in milliseconds, as they are on the real network. */
const ROUND_TRIP_MS: readonly (readonly [RegionName, RegionName, number])[] = [
  ['us-east-1', 'eu-west-1', 75],
  ['us-east-1', 'ap-southeast-1', 220],
  ['eu-west-1', 'ap-southeast-1', 175],
];

/** The same as the lab and the latency DNS take it. */
export function roundTrips(): Partial<Record<RegionName, Partial<Record<RegionName, number>>>> {
  const table: Partial<Record<RegionName, Partial<Record<RegionName, number>>>> = {};
  for (const [from, to, ms] of ROUND_TRIP_MS) table[from] = { ...table[from], [to]: ms };
  return table;
}

/** The name behind the latency DNS, and each region's own under it, so that one cookie domain covers all. */
export const GLOBAL_HOST = 'app.localhost';
export const hostOf = (region: RegionName): string => `${region}.${GLOBAL_HOST}`;
