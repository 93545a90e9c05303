import { check } from '@regionkit/core/kit';

/** The round trip in milliseconds between two regions. Write each pair once, in either order. A missing pair has 0. */
export type RoundTrips<Name extends string> = { readonly [A in Name]?: { readonly [B in Name]?: number } };

const MAX_ROUND_TRIP_MS = 60_000;

/**
 * @throws {TypeError | RangeError} A key is not a known region, or a value is not a duration. `option` is the name in
 * the message.
 */
export function readRoundTrips<Name extends string>(
  option: string,
  given: number | RoundTrips<Name>,
  regions: readonly Name[],
): (from: Name, to: Name) => number {
  const range = { min: 0, max: MAX_ROUND_TRIP_MS };
  if (typeof given === 'number') {
    check.number(option, given, range);
    return (from, to) => (from === to ? 0 : given);
  }
  for (const [from, row] of byRegion(option, given, regions)) {
    const way = `${option}['${from}']`;
    for (const [to, ms] of byRegion(way, row, regions)) check.number(`${way}['${to}']`, ms, range);
  }
  return (from, to) => (from === to ? 0 : (given[from]?.[to] ?? given[to]?.[from] ?? 0));
}

/** The entries of an object whose keys must be names of regions. */
export function byRegion(option: string, given: unknown, regions: readonly string[]): readonly [string, unknown][] {
  return Object.entries(check.object(option, given as Record<string, unknown>, regions));
}
