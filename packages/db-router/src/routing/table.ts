import type { WritePolicy } from '../gate-seam.ts';
import { ownerOf } from '../history/epoch.ts';
import type { RouteReason } from '../reasons.ts';
import { isStandby, type NodeView, type Topology } from '../topology/topology.ts';
import type { Route } from './route.ts';

/** A node with the routes to it. */
export interface NodeRoutes {
  readonly view: NodeView;
  /** `1 << index`, for the set of nodes to avoid. */
  readonly bit: number;
  readonly plain: Route;
  readonly caughtUp: Route;
  /** The route to the primary, if only it has what must be seen. */
  readonly forToken: Route;
  readonly wait: Route;
  readonly stale: Route;
  /** Who wrote the timeline of the node. Empty: unknown. Undefined: not certain. */
  readonly owner: string | undefined;
}

/** A topology prepared for routing. Everything that does not depend on the request is decided here, once. */
export interface RouteTable {
  readonly topology: Topology;
  /** Fresh standbys of this region: any of them will do, so they take turns. */
  readonly locals: readonly NodeRoutes[];
  /** Other nodes that serve a plain read, best first. */
  readonly others: readonly NodeRoutes[];
  /** Nodes that may have a required position: of this region, and of others. */
  readonly localHolders: readonly NodeRoutes[];
  readonly remoteHolders: readonly NodeRoutes[];
  readonly localPrimary: NodeRoutes | undefined;
  readonly primary: NodeRoutes | undefined;
  /** Standbys that may serve stale reads, if the option allows it. */
  readonly lastResorts: readonly NodeRoutes[];
  /** If no node serves a plain read, or one with a required position. */
  readonly noRead: Route;
  readonly noHolder: Route;
  readonly write: Route;
}

export interface TableOptions {
  readonly self: string;
  readonly writes: WritePolicy;
  readonly onBehind: 'forward' | 'stale' | 'reject';
}

/** Prepares a topology for routing. */
export function createTable(topology: Topology, options: TableOptions): RouteTable {
  const { self } = options;
  const entries = topology.nodes.map((view) => createNodeRoutes(view, topology, self));
  const here = (entry: NodeRoutes) => entry.view.region === self;
  const follows = ({ view }: NodeRoutes) => isStandby(view.state);
  const nearest = (left: NodeRoutes, right: NodeRoutes) =>
    Number(here(right)) - Number(here(left)) ||
    (here(left) ? Number(follows(right)) - Number(follows(left)) : left.view.rttMs - right.view.rttMs) ||
    left.view.index - right.view.index;
  const readable = entries.filter(({ view }) => view.readable);
  const locals = readable.filter((entry) => here(entry) && follows(entry));
  const holders = entries.filter((entry) => follows(entry) || entry.view.state === 'read-only').sort(nearest);
  const target = topology.primary?.node;
  const primary = target === undefined ? undefined : entries[target];
  const region = topology.primary?.region;
  const elsewhere = region !== undefined && region !== self ? region : undefined;
  const nowhere = (reason: RouteReason): Route =>
    options.onBehind === 'forward' && elsewhere !== undefined
      ? { action: 'forward', node: -1, region: elsewhere, reason: 'forward', lagMs: undefined }
      : { action: 'reject', node: -1, region: elsewhere, reason, lagMs: undefined };
  return {
    topology,
    locals,
    others: readable.filter((entry) => !locals.includes(entry)).sort(nearest),
    localHolders: holders.filter(here),
    remoteHolders: holders.filter((entry) => !here(entry)),
    localPrimary: primary !== undefined && here(primary) ? primary : undefined,
    primary,
    lastResorts: options.onBehind === 'stale' ? entries.filter(follows).sort(nearest) : [],
    noRead: nowhere('no-readable-node'),
    noHolder: nowhere('replica-behind'),
    write: writeRoute(topology, primary, options),
  };
}

function createNodeRoutes(view: NodeView, topology: Topology, self: string): NodeRoutes {
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
  if (view.state === 'old-timeline') return 'old-timeline';
  const local = view.region === self;
  if (view.state !== 'replica') return local ? 'local-primary' : 'remote-primary';
  if (topology.state !== 'ready') return 'primary-lost';
  return local ? 'local-replica' : 'remote-replica';
}

function writeRoute(topology: Topology, primary: NodeRoutes | undefined, { self, writes }: TableOptions): Route {
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
  if (!here && writes === 'reject') return route('reject', 'not-primary-region');
  if (primary === undefined) return route('hold', 'primary-unreachable');
  return route('run', here ? 'local-primary' : 'remote-pool', primary.view.index);
}
