import type { Random } from '../random.ts';
import { othersThan, REGIONS, type Region } from '../regions.ts';
import type { Fault, FaultKind, Restart } from './fault.ts';
import { canTakeOver, isTouched, primaryIsLost, type World } from './world.ts';

/** What a run is mostly about. Each has some of everything; only `twins` ever has two promotions at once. */
export const PROFILES = [
  'everything',
  'failovers',
  'switchovers',
  'standbys',
  'partitions',
  'suspensions',
  'twins',
  'beside',
  'processes',
  'restarts',
  'pauses',
] as const;
export type Profile = (typeof PROFILES)[number];

/** Few faults of databases and of the network, which would hide what the profile is about. */
const UNTOUCHED_DATABASES = {
  'end-apps': 0,
  deploy: 0,
  'kill-node': 0.1,
  'freeze-node': 0.1,
  'restart-behind': 0.1,
  'pause-replay': 0.1,
  'slow-replay': 0.1,
  'end-sessions': 0.1,
  rejoin: 0.1,
  isolate: 0.1,
  partition: 0.1,
  drop: 0.1,
  mute: 0.1,
  latency: 0.1,
  reset: 0.1,
} as const;

/** A seed of an older profile means what it meant before there were these. */
const NO_RESTARTS = { 'end-apps': 0, deploy: 0 } as const;

/** How much likelier a kind of fault is than elsewhere. */
const FOCUS: Readonly<Record<Profile, Partial<Record<FaultKind, number>>>> = {
  everything: {},
  // Processes that start anew in the middle of failovers, most of all in a region that was failed over and is cut off.
  restarts: { isolate: 12, failover: 3, heal: 0.4, 'kill-app': 0, 'stop-app': 0, 'clock-step': 0 },
  failovers: { ...NO_RESTARTS, 'kill-node': 3, 'freeze-node': 2, isolate: 2, failover: 2 },
  switchovers: { ...NO_RESTARTS, switchover: 8, 'end-sessions': 2, reset: 2 },
  standbys: { ...NO_RESTARTS, 'restart-behind': 6, 'pause-replay': 4, 'slow-replay': 4, 'kill-node': 2 },
  partitions: { ...NO_RESTARTS, isolate: 7, partition: 4, drop: 3, mute: 4, latency: 2 },
  suspensions: { ...NO_RESTARTS, 'stop-app': 6, 'kill-app': 5, 'clock-step': 5, 'freeze-node': 2 },
  processes: { ...UNTOUCHED_DATABASES, 'kill-app': 3, switchover: 0.3, 'promote-beside': 0.1 },
  beside: { ...UNTOUCHED_DATABASES, 'promote-beside': 25, switchover: 0.5, rejoin: 2 },
  // What a pause promises is judged where nothing else hides it.
  pauses: { ...UNTOUCHED_DATABASES, pause: 15, switchover: 1.5, 'promote-beside': 0, 'stop-app': 0.3, 'kill-app': 0.3 },
  twins: { ...NO_RESTARTS, 'kill-node': 1.5, 'freeze-node': 2, isolate: 2, twins: 80, failover: 0.2 },
};

/** Every fault that can happen now, and how likely each is. Repairs outweigh faults, so that stories end. */
export function choices(
  world: World,
  profile: Profile,
  random: Random,
): readonly (readonly [fault: Fault, weight: number])[] {
  const found: (readonly [Fault, number])[] = [];
  const may = (weight: number, fault: Fault): void => {
    found.push([fault, weight * (FOCUS[profile][fault.kind] ?? 1)]);
  };
  if (world.twin !== undefined) settleTwins(world, may);
  else {
    for (const region of REGIONS) {
      if (region === world.primary) faultsOfPrimary(world, random, may);
      else if (world.nodes[region].role === 'standby') faultsOfStandby(world, region, random, may);
      else faultsOfAbandoned(world, region, may);
    }
    changesOfPrimary(world, profile, may);
    if (profile === 'pauses' || profile === 'everything') pausesOfWrites(world, random, may);
    faultsOfNetwork(world, random, may);
  }
  faultsOfApps(world, random, may);
  return found;
}

type May = (weight: number, fault: Fault) => void;

function settleTwins(world: World, may: May): void {
  const { twin, primary, apps } = world;
  if (twin === undefined) return;
  // An operator can tell only an app that runs.
  if (REGIONS.every((region) => apps[region] === 'running'))
    may(6, { kind: 'settle-twins', keep: primary, other: twin });
  for (const region of REGIONS) {
    const { role, status } = world.nodes[region];
    if (role === 'abandoned' && region !== twin && status === 'down') may(2, { kind: 'start-node', region });
    if (role === 'abandoned' && region !== twin && status === 'frozen') may(2, { kind: 'thaw-node', region });
  }
  if (world.network !== undefined) may(6, { kind: 'heal', region: world.network.region });
}

function faultsOfPrimary(world: World, random: Random, may: May): void {
  const { primary: region, nodes } = world;
  const spare = othersThan(region).some((other) => canTakeOver(world, other));
  switch (nodes[region].status) {
    case 'down':
      may(2, { kind: 'start-node', region });
      break;
    case 'frozen':
      may(2, { kind: 'thaw-node', region });
      break;
    case 'up':
      if (primaryIsLost(world)) break;
      may(1, { kind: 'end-sessions', region });
      if (!spare) break;
      may(2, { kind: 'kill-node', region });
      may(1, { kind: 'freeze-node', region });
      if (world.network === undefined) {
        may(1, { kind: 'isolate', region });
        may(0.5, { kind: 'drop', region });
        may(1, { kind: 'mute', region });
        may(0.5, { kind: 'latency', region, ms: 50 + random.integer(250) });
      }
  }
}

function faultsOfStandby(world: World, region: Region, random: Random, may: May): void {
  const { status, replay } = world.nodes[region];
  if (status === 'down') may(4, { kind: 'start-node', region });
  else if (status === 'frozen') may(4, { kind: 'thaw-node', region });
  else {
    if (replay === 'paused') may(3, { kind: 'resume-replay', region });
    if (replay === 'slow') may(2, { kind: 'normal-replay', region });
    if (isTouched(world, region)) return;
    may(0.5, { kind: 'kill-node', region });
    may(0.3, { kind: 'freeze-node', region });
    may(0.3, { kind: 'end-sessions', region });
    if (replay === 'normal') {
      may(1, { kind: 'restart-behind', region, delayMs: 3_000 + random.integer(4_000) });
      may(1, { kind: 'pause-replay', region });
      may(1, { kind: 'slow-replay', region, delayMs: 150 + random.integer(1_500) });
    }
    if (primaryCanBeCopied(world)) may(0.2, { kind: 'rejoin', region });
  }
}

/** The old primary returns as it was far more often than it is rebuilt at once. */
function faultsOfAbandoned(world: World, region: Region, may: May): void {
  const { status } = world.nodes[region];
  if (status === 'down') may(6, { kind: 'start-node', region });
  if (status === 'frozen') may(6, { kind: 'thaw-node', region });
  if (status === 'up') may(0.5, { kind: 'kill-node', region });
  if (!isTouched(world, region) && primaryCanBeCopied(world)) {
    may(status === 'up' ? 3 : 1, { kind: 'rejoin', region });
  }
}

function primaryCanBeCopied(world: World): boolean {
  return world.nodes[world.primary].status === 'up' && !isTouched(world, world.primary);
}

/**
 * Never two promotions unless the schedule is about twins; a failover only once the primary is out of reach, unless it is
 * one by mistake.
 */
function changesOfPrimary(world: World, profile: Profile, may: May): void {
  const able = othersThan(world.primary).filter((region) => canTakeOver(world, region));
  if (primaryIsLost(world)) {
    for (const to of able) may(9, { kind: 'failover', to });
    const [keep, other] = able;
    if (profile === 'twins' && keep !== undefined && other !== undefined) may(1, { kind: 'twins', keep, other });
    return;
  }
  for (const to of able) {
    const ready = world.nodes[to].replay === 'normal' && !isTouched(world, world.primary);
    if (ready) may(0.6, { kind: 'switchover', to });
    if (ready && canPause(world)) may(0.6, { kind: 'switchover', to, paused: true });
    if (ready && profile !== 'twins') may(0.3, { kind: 'promote-beside', to });
  }
}

/** An operator can tell only an app that runs. */
function canPause({ apps, network }: World): boolean {
  return REGIONS.every((region) => apps[region] === 'running') && network === undefined;
}

/**
 * Pauses in which processes of the app start, or that begin while some do. Only two profiles have them: a seed of another one
 * means what it meant before.
 */
function pausesOfWrites(world: World, random: Random, may: May): void {
  const { primary } = world;
  const where = random.weighted<Restart['restart']>([
    ['process', 5],
    ['region', 3],
    ['fleet', 2],
  ]);
  // In the region of the primary the only process of it would know of no pause.
  const region = random.chance(0.75) ? random.pick(othersThan(primary)) : primary;
  const isEarly = random.chance(0.3) && where !== 'fleet';
  const restart: Restart = { restart: where, in: region, ...(isEarly && { early: true }) };
  const given = random.chance(0.85) ? restart : {};
  // One that ends by itself lasts longer, and after each the writes must flow for twice as long.
  const isResumed = random.chance(0.7);
  if (primaryIsLost(world) || !canPause(world)) return;
  may(0.5, { kind: 'pause', ...given, ...(isResumed && { resumed: true }) });
  for (const to of othersThan(primary)) {
    if (canTakeOver(world, to) && world.nodes[to].replay === 'normal')
      may(0.6, { kind: 'switchover', to, paused: true, ...restart });
  }
}

function faultsOfNetwork(world: World, random: Random, may: May): void {
  const { network, primary } = world;
  if (network !== undefined) {
    // A cut primary is first of all replaced; an abandoned one that is still cut off should come back into sight.
    may(world.nodes[network.region].role === 'primary' ? 2 : 4, { kind: 'heal', region: network.region });
    return;
  }
  for (const region of REGIONS) {
    may(0.3, { kind: 'reset', region });
    const from = random.pick(othersThan(region));
    may(0.5, { kind: 'partition', region, from });
    may(0.2, { kind: 'drop', region, from });
    may(0.3, { kind: 'mute', region, from });
    if (region !== primary) may(0.3, { kind: 'isolate', region });
  }
}

type Out = Exclude<World['apps'][Region], 'running'>;

/** One app at a time is out: the two others must be able to tell who is primary. */
function faultsOfApps(world: World, random: Random, may: May): void {
  const { apps } = world;
  const out = REGIONS.find((region) => apps[region] !== 'running');
  if (out !== undefined) {
    const kind = ({ stopped: 'continue-app', dead: 'start-app', ended: 'start-apps' } as const)[apps[out] as Out];
    may(6, { kind, region: out });
    return;
  }
  for (const region of REGIONS) {
    may(0.4, { kind: 'stop-app', region });
    may(0.4, { kind: 'kill-app', region });
    const isCutOff = world.nodes[region].role === 'abandoned' && isTouched(world, region);
    may(isCutOff ? 4 : 0.2, { kind: 'end-apps', region });
    may(0.4, { kind: 'deploy', region });
    may(0.2, { kind: 'clock-step', region, ms: random.pick([-3_600_000, -60_000, -2_500, 2_500, 60_000, 3_600_000]) });
  }
}
