import type { RegionProcesses } from './ask-doors.ts';

/**
 * Origins that do not lead to the app of their region, by the names of the processes behind them: a process of another region,
 * or one that answers for two. Pure. A sentence each, without bytes from outside.
 */
export function foreignProcesses(regions: readonly RegionProcesses[]): readonly string[] {
  const found: string[] = [];
  const regionOfId = new Map<string, string>();
  for (const { region, processes } of regions) {
    const foreign = processes.filter((process) => process.region !== region).length;
    if (foreign > 0) {
      found.push(
        `${foreign} of ${processes.length} processes behind the origin of ${region} are of another region: correct regions['${region}'].origin, or what stands behind it`,
      );
    }
    const twin = new Set<string>();
    for (const { id } of processes) {
      const other = regionOfId.get(id);
      if (other !== undefined && other !== region) twin.add(other);
      else regionOfId.set(id, region);
    }
    for (const other of twin) {
      found.push(`the origins of ${other} and ${region} lead to one and the same process: correct one of them`);
    }
  }
  return found;
}
