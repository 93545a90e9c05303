import { othersThan, perRegion, type Region } from '../regions.ts';
import type { Fault } from './fault.ts';

/** What a schedule believes of one database. */
export interface NodeModel {
  /** `abandoned`: it was a primary, and another has been promoted since. */
  readonly role: 'primary' | 'standby' | 'abandoned';
  readonly status: 'up' | 'frozen' | 'down';
  readonly replay: 'normal' | 'slow' | 'paused';
}

/** At most one network fault at a time: what two at once would do to whom is no longer said in one line. */
export type NetworkFault = Fault & { readonly kind: 'isolate' | 'partition' | 'drop' | 'mute' | 'latency' };

/** The world as the schedule has left it, if everything went as planned. Immutable. */
export interface World {
  /** Promoted last. */
  readonly primary: Region;
  readonly nodes: Readonly<Record<Region, NodeModel>>;
  readonly apps: Readonly<Record<Region, 'running' | 'stopped' | 'dead' | 'ended'>>;
  readonly network: NetworkFault | undefined;
  /** Two were promoted, and neither was rebuilt yet. */
  readonly twin: Region | undefined;
}

export function beginning(primary: Region): World {
  return {
    primary,
    nodes: perRegion((region) => ({
      role: region === primary ? 'primary' : 'standby',
      status: 'up',
      replay: 'normal',
    })),
    apps: perRegion(() => 'running'),
    network: undefined,
    twin: undefined,
  };
}

/** The primary cannot be reached from other regions, so an operator would promote another. */
export function primaryIsLost({ primary, nodes, network }: World): boolean {
  return nodes[primary].status !== 'up' || (network?.region === primary && cutsOff(network));
}

function cutsOff(fault: NetworkFault): boolean {
  if (fault.kind === 'isolate') return true;
  return (fault.kind === 'drop' || fault.kind === 'mute') && fault.from === undefined;
}

/** Whether the network fault, if there is one, touches the ways to or from this region. */
export function isTouched({ network }: World, region: Region): boolean {
  if (network === undefined || network.kind === 'latency') return false;
  return network.region === region || ('from' in network && network.from === region);
}

/** A standby an operator could promote. */
export function canTakeOver(world: World, region: Region): boolean {
  const { role, status } = world.nodes[region];
  return role === 'standby' && status === 'up' && !isTouched(world, region);
}

/** The world after `fault`. */
export function after(world: World, fault: Fault): World {
  const node = (region: Region, change: Partial<NodeModel>): World => ({
    ...world,
    nodes: { ...world.nodes, [region]: { ...world.nodes[region], ...change } },
  });
  const app = (region: Region, state: World['apps'][Region]): World => ({
    ...world,
    apps: { ...world.apps, [region]: state },
  });
  switch (fault.kind) {
    case 'kill-node':
      return node(fault.region, { status: 'down' });
    case 'start-node':
    case 'thaw-node':
      return node(fault.region, { status: 'up', ...(fault.kind === 'start-node' && afterStart(world, fault.region)) });
    case 'freeze-node':
      return node(fault.region, { status: 'frozen' });
    case 'restart-behind':
    case 'slow-replay':
      return node(fault.region, { replay: 'slow' });
    case 'pause-replay':
      return node(fault.region, { replay: 'paused' });
    case 'resume-replay':
    case 'normal-replay':
      return node(fault.region, { replay: 'normal' });
    case 'rejoin':
      return node(fault.region, { role: 'standby', status: 'up', replay: 'normal' });
    case 'isolate':
    case 'partition':
    case 'drop':
    case 'mute':
    case 'latency':
      return { ...world, network: fault };
    case 'heal':
      return { ...world, network: undefined };
    case 'failover':
    case 'promote-beside':
      return promoted(world, fault.to, { role: 'abandoned' });
    case 'switchover':
      return promoted(world, fault.to, { role: 'standby', status: 'up', replay: 'normal' });
    case 'twins': {
      const next = promoted(world, fault.keep, { role: 'abandoned' });
      const other = { ...next.nodes[fault.other], role: 'abandoned', replay: 'normal' } as const;
      return { ...next, nodes: { ...next.nodes, [fault.other]: other }, twin: fault.other };
    }
    case 'settle-twins':
      return { ...node(fault.other, { role: 'standby', status: 'up', replay: 'normal' }), twin: undefined };
    case 'stop-app':
      return app(fault.region, 'stopped');
    case 'kill-app':
      return app(fault.region, 'dead');
    case 'end-apps':
      return app(fault.region, 'ended');
    case 'continue-app':
    case 'start-app':
    case 'start-apps':
      return app(fault.region, 'running');
    case 'end-sessions':
    case 'reset':
    case 'clock-step':
    case 'deploy':
    case 'pause':
      return world;
  }
}

/** A pause does not outlive the server; a delay does. */
function afterStart(world: World, region: Region): Partial<NodeModel> {
  return world.nodes[region].replay === 'paused' ? { replay: 'normal' } : {};
}

function promoted(world: World, to: Region, old: Partial<NodeModel>): World {
  const { primary, nodes } = world;
  return {
    ...world,
    primary: to,
    nodes: {
      ...nodes,
      [primary]: { ...nodes[primary], ...old },
      [to]: { ...nodes[to], role: 'primary', replay: 'normal' },
    },
  };
}

/** What brings everything back, one primary and two standbys of it, in the order in which it can be done. */
export function recovery(world: World): readonly Fault[] {
  const faults: Fault[] = [];
  let now = world;
  const then = (fault: Fault): void => {
    faults.push(fault);
    now = after(now, fault);
  };
  const { primary } = world;
  if (now.network !== undefined) then({ kind: 'heal', region: now.network.region });
  for (const region of [primary, ...othersThan(primary)]) {
    if (now.nodes[region].status === 'frozen') then({ kind: 'thaw-node', region });
    if (now.nodes[region].status === 'down' && now.nodes[region].role !== 'abandoned')
      then({ kind: 'start-node', region });
    if (now.nodes[region].role === 'standby' && now.nodes[region].replay === 'paused')
      then({ kind: 'resume-replay', region });
    if (now.nodes[region].role === 'standby' && now.nodes[region].replay === 'slow')
      then({ kind: 'normal-replay', region });
    if (now.apps[region] === 'stopped') then({ kind: 'continue-app', region });
    if (now.apps[region] === 'dead') then({ kind: 'start-app', region });
    if (now.apps[region] === 'ended') then({ kind: 'start-apps', region });
  }
  if (now.twin !== undefined) then({ kind: 'settle-twins', keep: primary, other: now.twin });
  for (const region of othersThan(primary)) {
    if (now.nodes[region].role === 'abandoned') then({ kind: 'rejoin', region });
  }
  return faults;
}
