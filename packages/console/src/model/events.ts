import type { FleetEvent } from './fleet.ts';

/**
 * The events with one more, at most `max`. A door counts equal events in one: the new count then takes the place of the one before.
 * Pure.
 */
export function addEvent(events: readonly FleetEvent[], added: FleetEvent, max: number): readonly FleetEvent[] {
  const before =
    added.times > 1
      ? events.findLastIndex(
          ({ region, process, source, name }) =>
            region === added.region && process === added.process && source === added.source && name === added.name,
        )
      : -1;
  const counted = events[before];
  if (counted === undefined || counted.times >= added.times) return [...events, added].slice(-max);
  const first = added.first ?? counted.first ?? { id: counted.id, atMs: counted.atMs };
  return [...events.toSpliced(before, 1), { ...added, first }].slice(-max);
}
