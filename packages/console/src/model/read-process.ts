import type { NodeState, ProcessState, SeenRegion, Void } from './fleet.ts';
import { list, type Members, members, number, text } from './members.ts';

const MAX_NODES = 64;
const MAX_REGIONS = 64;
const MAX_VOIDS = 16;
const MAX_EPOCHS = 8;

/** Reads the status of an operator door. Undefined: something else sent it. Pure. */
export function readProcess(body: unknown): ProcessState | undefined {
  const { process, region, topology, writes, verdict, regions, pause, voids, stats } = members(body);
  const { id, host, pid } = members(process);
  const { state, primary, highest, nodes } = members(topology);
  if (text(id) === '' || text(region) === '' || text(state) === '') return undefined;
  const known = members(highest)['timeline'];
  return {
    id: text(id),
    host: text(host),
    pid: number(pid) ?? 0,
    region: text(region),
    silentMs: 0,
    writes: text(writes),
    state: text(state),
    ...(primary !== undefined && { primary: readPrimary(members(primary)) }),
    ...(number(known) !== undefined && { highest: number(known) as number }),
    nodes: list(nodes, MAX_NODES).map(readNode),
    ...(verdict !== undefined && { verdict: readVerdict(members(verdict)) }),
    sees: list(regions, MAX_REGIONS).map((seen): SeenRegion => ({ name: text(seen['name']), ...readVerdict(seen) })),
    ...(pause !== undefined && { pause: readPause(members(pause)) }),
    voids: list(voids, MAX_VOIDS).map(readVoid),
    holding: number(members(stats)['holding']) ?? 0,
  };
}

function readPrimary({ region, node, epoch }: Members): NonNullable<ProcessState['primary']> {
  return {
    region: text(region),
    ...(node !== undefined && { node: text(node) }),
    timeline: number(members(epoch)['timeline']) ?? 0,
  };
}

function readNode({ id, region, state, timeline, position, lagMs, code }: Members): NodeState {
  const lag = number(lagMs);
  return {
    id: text(id),
    region: text(region),
    state: text(state),
    timeline: number(timeline) ?? 0,
    position: text(position, 40),
    ...(lag !== undefined && { lagMs: lag }),
    ...(code !== undefined && { code: text(code, 40) }),
  };
}

function readVerdict({ reads, writes, accept }: Members): NonNullable<ProcessState['verdict']> {
  return { reads: text(reads, 20), writes: text(writes, 20), accept: text(accept, 20) };
}

function readPause({ leftMs, underWay }: Members): NonNullable<ProcessState['pause']> {
  return { leftMs: number(leftMs) ?? 0, underWay: number(underWay) ?? 0 };
}

function readVoid({ id, epochs }: Members): Void {
  return {
    id: text(id),
    epochs: list(epochs, MAX_EPOCHS).map(({ timeline, owner }) => ({
      timeline: number(timeline) ?? 0,
      owner: text(owner),
    })),
  };
}
