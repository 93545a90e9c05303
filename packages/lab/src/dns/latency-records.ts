/**
 * Sorts the regions from the nearest to the farthest, as seen from `place`. Its own region is first; ties keep their
 * order.
 */
export function byLatency<Name extends string>(
  place: Name,
  regions: readonly Name[],
  roundTripMs: (from: Name, to: Name) => number,
): readonly Name[] {
  const distance = (region: Name): number => (region === place ? -1 : roundTripMs(place, region));
  return regions.toSorted((a, b) => distance(a) - distance(b));
}

/** Returns the nearest healthy region. If all are unhealthy, all count as healthy, so there is always an answer. */
export function answerOf<Name extends string>(
  nearestFirst: readonly Name[],
  isHealthy: (region: Name) => boolean,
): Name {
  return nearestFirst.find(isHealthy) ?? (nearestFirst[0] as Name);
}
