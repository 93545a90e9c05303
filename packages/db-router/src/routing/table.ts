import type { WritePolicy } from '../gate-seam.ts';
import { ownerOf } from '../history/epoch.ts';
import type { RouteReason } from '../reasons.ts';
import { isStandby, type NodeView, type Topology } from '../topology/topology.ts';
import type { Route } from './route.ts';

/** A node with the routes that lead to it. */
export interface Seat {
  readonly view: NodeView;
  /** `1 << index`: for the set of nodes to avoid. */
  readonly bit: number;
  readonly plain: Route;
  readonly caughtUp: Route;
  /** The primary, where only that has what must be seen. */
  readonly forToken: Route;
  readonly wait: Route;
  readonly stale: Route;
  /** Who wrote the timeline it is on: empty when nobody is known to, undefined when that is not certain. */
  readonly owner: string | undefined;
}

/** A topology laid out for decisions: everything that does not depend on the request is decided here, once. */
export interface RouteTable {
  readonly topology: Topology;
  /** Fresh standbys of this region: any of them will do, so they take turns. */
  readonly locals: readonly Seat[];
  /** Whatever else serves a plain read, best first. */
  readonly others: readonly Seat[];
  /** Nodes that can be asked for a position: of this region, and of others. */
  readonly localHolders: readonly Seat[];
  readonly remoteHolders: readonly Seat[];
  readonly localPrimary: Seat | undefined;
  readonly primary: Seat | undefined;
  /** Standbys that may serve stale, if the option says so. */
  readonly lastResorts: readonly Seat[];
  /** When nothing serves a plain read, or one that must see something. */
  readonly noRead: Route;
  readonly noHolder: Route;
  readonly write: Route;
}

export interface TableOptions {
  readonly self: string;
  readonly writes: WritePolicy;
  readonly onBehind: 'forward' | 'stale' | 'error';
}

/** Lays a topology out. */
export function createTable(topology: Topology, options: TableOptions): RouteTable {
  const { self } = options;
  const seats = topology.nodes.map((view) => createSeat(view, topology, self));
  const here = (seat: Seat) => seat.view.region === self;
  const follows = ({ view }: Seat) => isStandby(view.state);
  const nearest = (left: Seat, right: Seat) =>
    Number(here(right)) - Number(here(left)) ||
    (here(left) ? Number(follows(right)) - Number(follows(left)) : left.view.rttMs - right.view.rttMs) ||
    left.view.index - right.view.index;
  const readable = seats.filter(({ view }) => view.readable);
  const locals = readable.filter((seat) => here(seat) && follows(seat));
  const holders = seats.filter((seat) => follows(seat) || seat.view.state === 'read-only').sort(nearest);
  const target = topology.primary?.node;
  const primary = target === undefined ? undefined : seats[target];
  const region = topology.primary?.region;
  const elsewhere = region !== undefined && region !== self ? region : undefined;
  const nowhere = (reason: RouteReason): Route =>
    options.onBehind === 'forward' && elsewhere !== undefined
      ? { action: 'forward', node: -1, region: elsewhere, reason: 'forward', lagMs: undefined }
      : { action: 'refuse', node: -1, region: elsewhere, reason, lagMs: undefined };
  return {
    topology,
    locals,
    others: readable.filter((seat) => !locals.includes(seat)).sort(nearest),
    localHolders: holders.filter(here),
    remoteHolders: holders.filter((seat) => !here(seat)),
    localPrimary: primary !== undefined && here(primary) ? primary : undefined,
    primary,
    lastResorts: options.onBehind === 'stale' ? seats.filter(follows).sort(nearest) : [],
    noRead: nowhere('no-readable-node'),
    noHolder: nowhere('replica-behind'),
    write: writeRoute(topology, primary, options),
  };
}

function createSeat(view: NodeView, topology: Topology, self: string): Seat {
  const to = (action: Route['action'], reason: RouteReason): Route => ({
    action,
    node: view.index,
    region: view.region,
    reason,
    lagMs: view.lagMs,
  });
  return {
    view,
    bit: 1 << view.index,
    plain: to('run', plainReason(view, topology, self)),
    caughtUp: to('run', 'caught-up'),
    forToken: to('run', 'primary-for-token'),
    wait: to('wait', 'wait-for-replica'),
    stale: to('run', 'stale'),
    owner: topology.system === undefined ? undefined : ownerOf(topology.owners, topology.system, view.timeline),
  };
}

function plainReason(view: NodeView, topology: Topology, self: string): RouteReason {
  if (view.state === 'behind') return 'behind';
  const local = view.region === self;
  if (view.state !== 'replica') return local ? 'local-primary' : 'remote-primary';
  if (topology.state !== 'ready') return 'primary-lost';
  return local ? 'local-replica' : 'remote-replica';
}

function writeRoute(topology: Topology, primary: Seat | undefined, { self, writes }: TableOptions): Route {
  const route = (action: Route['action'], reason: RouteReason, node = -1): Route => ({
    action,
    node,
    region: topology.primary?.region,
    reason,
    lagMs: undefined,
  });
  if (topology.primary === undefined) return route('hold', topology.state === 'ready' ? 'no-primary' : topology.state);
  const here = topology.primary.region === self;
  if (!here && writes === 'forward') return route('forward', 'forward');
  if (!here && writes === 'reject') return route('refuse', 'not-primary-region');
  if (primary === undefined) return route('hold', 'primary-unreachable');
  return route('run', here ? 'local-primary' : 'remote-pool', primary.view.index);
}
