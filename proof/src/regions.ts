/** The regions of every run. The first takes the writes at the start. */
export const REGIONS = ['us', 'eu', 'ap'] as const;
export type Region = (typeof REGIONS)[number];

export function perRegion<T>(make: (region: Region) => T): Record<Region, T> {
  return { us: make('us'), eu: make('eu'), ap: make('ap') };
}

export const othersThan = (region: Region): readonly Region[] => REGIONS.filter((other) => other !== region);

/** The name behind which all regions are one, as clients ask for it. */
export const GLOBAL_HOST = 'app.proof.test';

/** Round trips in milliseconds: long enough for a replica to be seen behind, short enough for many requests. */
export const ROUND_TRIP_MS = { us: { eu: 12, ap: 24 }, eu: { ap: 18 } } as const;
