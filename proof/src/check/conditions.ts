import type { FaultEntry, StallEntry } from '../history/entries.ts';
import { REGIONS } from '../regions.ts';
import { after, beginning, type World } from '../schedule/world.ts';

/** The world as the faults that were done have left it at `atMs`. */
export function worldAt(faults: readonly FaultEntry[], atMs: number): World {
  let world = beginning(REGIONS[0]);
  for (const { fault, startMs, result } of faults) {
    if (startMs > atMs) break;
    if (result === 'done') world = after(world, fault);
  }
  return world;
}

/** For how long, between these two times, some process of the run got no time of the machine. */
export function stalledMs(stalls: readonly StallEntry[], fromMs: number, toMs: number): number {
  let totalMs = 0;
  let untilMs = fromMs;
  for (const { sinceMs, ms } of stalls.toSorted((left, right) => left.sinceMs - right.sinceMs)) {
    const beginMs = Math.max(sinceMs, untilMs);
    const endMs = Math.min(sinceMs + ms, toMs);
    if (endMs <= beginMs) continue;
    totalMs += endMs - beginMs;
    untilMs = endMs;
  }
  return totalMs;
}
