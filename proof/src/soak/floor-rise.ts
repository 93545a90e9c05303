/**
 * By how much the lowest of the last third is above the lowest of the first. Things come and go with the load, and with
 * which region is the primary; one that is never let go lifts the floor.
 */
export function floorRise(counts: readonly number[]): number {
  const third = Math.floor(counts.length / 3);
  if (third === 0) return 0;
  return Math.min(...counts.slice(-third)) - Math.min(...counts.slice(0, third));
}
