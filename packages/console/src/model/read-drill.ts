import type { Drill } from './fleet.ts';
import { list, members, number, text } from './members.ts';

const MAX_PHASES = 16;

const COUNTS = {
  reads: 'reads',
  failedReads: 'failed reads',
  writes: 'writes',
  refusedWrites: 'refused writes',
  unknownWrites: 'writes with unknown outcome',
  unsent: 'not sent by the driver',
} as const;

/** Reads what `regionkit gameday` says of its drill. Undefined: there is none. Pure. */
export function readDrill(given: unknown): Drill | undefined {
  const drill = members(given);
  const { scenario, summary, state, phases, measured } = drill;
  if (text(scenario) === '') return undefined;
  const [faultAtMs, nowMs] = [number(drill['faultAtMs']), number(drill['nowMs'])];
  const isOver = measured !== undefined;
  return {
    scenario: text(scenario),
    summary: text(summary, 200),
    state: text(state, 40),
    objectiveMs: number(drill['objectiveMs']) ?? 0,
    ...(faultAtMs !== undefined && nowMs !== undefined && !isOver && { sinceFaultMs: Math.max(0, nowMs - faultAtMs) }),
    phases: list(phases, MAX_PHASES).map(({ name, state, atMs }) => {
      const endedAtMs = number(atMs);
      return { name: text(name, 60), state: text(state, 40), ...(endedAtMs !== undefined && { atMs: endedAtMs }) };
    }),
    counts: Object.entries(COUNTS).flatMap(([member, name]) => {
      const count = number(drill[member]);
      return count === undefined ? [] : [{ name, count }];
    }),
  };
}
