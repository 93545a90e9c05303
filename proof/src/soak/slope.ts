export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The median slope of all pairs (Theil and Sen): a few samples far off do not move it. 0 for fewer than two points. */
export function slopeOf(points: readonly Point[]): number {
  const slopes: number[] = [];
  for (const [index, one] of points.entries()) {
    for (const other of points.slice(index + 1)) {
      if (other.x !== one.x) slopes.push((other.y - one.y) / (other.x - one.x));
    }
  }
  slopes.sort((left, right) => left - right);
  const at = (index: number): number => slopes[index] ?? 0;
  return (at((slopes.length - 1) >> 1) + at(slopes.length >> 1)) / 2;
}
