import type { Topology } from '../topology/topology.ts';
import { createTable, type RouteTable, type TableOptions } from './table.ts';

/** The route table of the topology as it stands. */
export interface LiveTable {
  readonly current: RouteTable;
  /** To be called after each change of the topology. */
  renew(topology: Topology): void;
}

export function createLiveTable(topology: Topology, options: TableOptions): LiveTable {
  let current = createTable(topology, options);
  return {
    get current() {
      return current;
    },
    renew: (next) => {
      current = createTable(next, options);
    },
  };
}
