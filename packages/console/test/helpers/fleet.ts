import type { Fleet, FleetEvent, NodeState, ProcessState, RegionDoor } from '../../src/model/fleet.ts';

export const node = (id: string, state: string, more: Partial<NodeState> = {}): NodeState => ({
  id,
  region: id.split('/')[0] as string,
  state,
  timeline: 1,
  position: '0/3000148',
  ...more,
});

/** A process that knows `us` as the primary, and `eu` with little lag. */
export const knows = (id: string, more: Partial<ProcessState> = {}): ProcessState => ({
  id,
  host: 'app',
  pid: 7,
  region: id.split('-')[0] as string,
  silentMs: 0,
  writes: 'forward',
  state: 'ready',
  primary: { region: 'us', node: 'us/0', timeline: 1 },
  highest: 1,
  nodes: [node('us/0', 'primary'), node('eu/0', 'replica', { lagMs: 40 })],
  sees: [],
  voids: [],
  holding: 0,
  ...more,
});

const lost: Partial<ProcessState> = {
  state: 'no-primary',
  nodes: [node('us/0', 'unreachable'), node('eu/0', 'replica')],
};

/** A process that knows no primary. */
export const without = (id: string, more: Partial<ProcessState> = {}): ProcessState => {
  const { primary: _, ...rest } = knows(id, lost);
  return { ...rest, ...more };
};

export const fleet = (...doors: readonly RegionDoor[]): Fleet => ({ atMs: 0, regions: doors });

export const door = (name: string, ...processes: readonly ProcessState[]): RegionDoor => ({ name, processes });

let lastId = 0;
export const event = (name: string, more: Partial<FleetEvent> = {}): FleetEvent => {
  lastId += 1;
  return { id: lastId, atMs: 0, region: 'us', process: 'us-1', source: 'router', name, text: name, times: 1, ...more };
};
