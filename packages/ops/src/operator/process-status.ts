import { members, number, object, text } from '../doctor/shape.ts';
import { type PoolLimits, readPoolLimits } from './pool-limits.ts';

/** What the operator door of a process says, as far as the commands use it. */
export interface ProcessStatus {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly region: string;
  readonly state: string;
  readonly primary: { readonly where: string; readonly timeline: number } | undefined;
  /** The highest timeline that it knows. */
  readonly highest: number | undefined;
  /** Undefined: its door was not given the pools. */
  readonly pools: readonly PoolLimits[] | undefined;
}

const WHO = object<{ readonly id: string; readonly host: string; readonly pid: number }>({
  id: text,
  host: text,
  pid: number,
});
const EPOCH = object<{ readonly timeline: number }>({ timeline: number });

/** @throws {ShapeError} Something else answered. */
export function readProcessStatus(body: unknown): ProcessStatus {
  const { process, region, topology, pools } = members(body);
  const { state, primary, highest } = members(topology);
  return {
    ...WHO(process),
    region: text(region),
    state: text(state),
    primary: primary === undefined ? undefined : readPrimary(members(primary)),
    pools: pools === undefined ? undefined : readPoolLimits(pools),
    highest: highest === undefined ? undefined : EPOCH(highest).timeline,
  };
}

function readPrimary({ node, region, epoch }: Readonly<Record<string, unknown>>): ProcessStatus['primary'] {
  return { where: text(node ?? region), timeline: EPOCH(epoch).timeline };
}
