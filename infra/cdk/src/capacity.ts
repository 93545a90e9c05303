export interface Peak {
  /** The tasks that the region's own peak of the last 24 h needs. */
  readonly peak: number;
  /** The most tasks that it may ever run. */
  readonly max: number;
}

/**
 * How many tasks each region runs so that it can take over the largest other one. New tasks may not start on the day on
 * which a region is lost, so they run before.
 *
 * @throws {RangeError} a region may not run as many
 */
export function tasksOf<Name extends string>(
  regions: Readonly<Record<Name, Peak>>,
): Readonly<Record<Name, { readonly min: number; readonly max: number }>> {
  const entries = Object.entries(regions) as [Name, Peak][];
  const tasks = entries.map(([name, { peak, max }]) => {
    const others = entries.filter(([other]) => other !== name).map(([, other]) => other.peak);
    const min = Math.ceil(peak + Math.max(0, ...others));
    if (min > max)
      throw new RangeError(`${name}: max is ${max}, and ${min} tasks are needed when the largest other region is lost`);
    return [name, { min, max }] as const;
  });
  return Object.fromEntries(tasks) as Record<Name, { min: number; max: number }>;
}
