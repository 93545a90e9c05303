import type { Operations } from '../config/check-config.ts';
import { type DoorSilence, openDoors } from '../operator/ask-doors.ts';
import type { PoolLimits } from '../operator/pool-limits.ts';

/** What a process of the app says of itself through its operator door. */
export interface ProcessFacts {
  readonly region: string;
  /** Unique in the fleet. */
  readonly id: string;
  /** Undefined: its door was not given the pools. */
  readonly pools: readonly PoolLimits[] | undefined;
}

export interface ExaminedProcesses {
  readonly processes: readonly ProcessFacts[];
  /** The regions whose door did not answer, and why. */
  readonly silent: readonly { readonly region: string; readonly why: DoorSilence }[];
}

const NO_PROCESSES: ExaminedProcesses = { processes: [], silent: [] };

/** Asks the operator doors, where the configuration has their token. */
export async function examineProcesses(config: Operations, signal: AbortSignal): Promise<ExaminedProcesses> {
  const doors = await openDoors(config, signal);
  if (doors === undefined) return NO_PROCESSES;
  const regions = await doors.ask();
  return {
    processes: regions.flatMap(({ region, processes }) => processes.map(({ id, pools }) => ({ region, id, pools }))),
    silent: regions.flatMap(({ region, why }) => (why === undefined ? [] : [{ region, why }])),
  };
}

/** So many connections a process may open to one server: each has one pool for it. */
export const poolMaxOf = ({ pools = [] }: ProcessFacts): number => Math.max(0, ...pools.map(({ max = 0 }) => max));
