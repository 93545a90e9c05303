import type { Epoch, Events } from '@regionkit/core';
import { type Notices, readEpoch } from '@regionkit/core/kit';
import { createReach, type Reach } from '../causality/reach.ts';
import { createScopes, type Scopes } from '../causality/scope.ts';
import { createTokenCodec, type TokenCodec } from '../causality/token.ts';
import { createWatcher, type Watcher } from '../causality/watcher.ts';
import { isLeftBehind } from '../connection/condition.ts';
import { createPoolNode, type PoolNode } from '../connection/node.ts';
import { type Counters, createCounters } from '../counters.ts';
import { NodeUnavailableError, RouterClosedError } from '../errors.ts';
import type { RouterEvents } from '../events.ts';
import { keepEpochs } from '../monitor/epoch-keeper.ts';
import { asksSiblings, type FollowedView, followView } from '../monitor/follow-view.ts';
import { createMonitor, type Monitor } from '../monitor/monitor.ts';
import { createNearness } from '../monitor/nearness.ts';
import { createProbeSchedule } from '../monitor/probe-schedule.ts';
import { createSuspensionDetector } from '../monitor/suspension.ts';
import { createUnreachable, type Unreachable } from '../monitor/unreachable.ts';
import { createViewGuard, type ViewGuard } from '../monitor/view-guard.ts';
import { createWriteWatch, type WriteWatch } from '../monitor/write-watch.ts';
import type { Settings } from '../options.ts';
import { createUnderWay, type UnderWay } from '../pause/under-way.ts';
import type { WritePauses } from '../pause/write-pauses.ts';
import type { HoldQueue } from '../routing/hold.ts';
import { createLiveTable, type LiveTable } from '../routing/live-table.ts';
import { isResponding, knownEpoch } from '../topology/facts.ts';
import { createLiveTopology, isKnownTop, type LiveTopology } from '../topology/live-topology.ts';
import type { Topology } from '../topology/topology.ts';
import { applyStates } from './apply-states.ts';
import { createGateWarning, type GateWarning } from './gate-warning.ts';
import { createReadiness, type Readiness } from './readiness.ts';
import { createServerCheck } from './server-check.ts';
import { createWaitingWrites } from './waiting-writes.ts';
import { createWriteRoute, type WriteRoute } from './write-route.ts';

/** The parts of a router below its statements, wired to each other. Each user picks the parts it needs. */
export interface Engine {
  readonly settings: Settings;
  readonly nodes: readonly PoolNode[];
  readonly live: LiveTopology;
  readonly routes: LiveTable;
  readonly monitor: Monitor;
  readonly unreachable: Unreachable;
  readonly readiness: Readiness;
  readonly writeRoute: WriteRoute;
  readonly guard: Pick<ViewGuard, 'isProbing'>;
  readonly gateWarning: GateWarning;
  readonly hold: HoldQueue;
  readonly pauses: WritePauses;
  /** The writes that a pause waits for. */
  readonly underWay: UnderWay;
  /** The writes that wait: for a primary, or for the end of a pause. */
  readonly holding: number;
  readonly watcher: Watcher;
  readonly reach: Reach;
  readonly scopes: Scopes;
  /** Undefined without `token`. */
  readonly codec: TokenCodec | undefined;
  readonly writes: WriteWatch;
  readonly events: Events<RouterEvents>;
  readonly counters: Counters;
  readonly closed: boolean;
  learnEpoch(epoch: Epoch, from: 'hop' | 'token', region?: string): void;
  /** Calls `run` about twice a second. */
  onBeat(run: () => void): void;
  /** Waits, without keeping the process alive. */
  pause(delayMs: number): Promise<void>;
  close(): void;
}

const MAX_OWNERS_PER_REGION = 16;

export function createEngine(settings: Settings, events: Events<RouterEvents>, notice: Notices): Engine {
  const { clock, regions, token, timeoutMs } = settings;
  const counters = createCounters();
  const gateWarning = createGateWarning(settings.writes, notice);
  const emit: Events<RouterEvents>['emit'] = (event, payload) => events.emit(event, payload);
  let closed = false;
  let monitor: Monitor | undefined;

  const onChange = (topology: Topology, before: Topology): void => {
    routes.renew(topology);
    applyStates(nodes, topology, before, ({ id }, clients) =>
      emit('fenced', { node: id, by: topology.highest, clients }),
    );
    watcher.notify();
    readiness.update();
    if (before.state === 'ready' && topology.state !== 'ready') monitor?.speedUp();
    pauses.update();
    writeRoute.resumeHeld();
    keeper?.keep(topology, before);
  };

  const live = createLiveTopology({
    nodes: settings.nodes,
    rules: {
      self: regions.self,
      regions: regions.list.map(({ name }) => name),
      maxLagMs: settings.maxLagMs,
      maxViewAgeMs: settings.maxViewAgeMs,
      coldStart: settings.coldStart,
      writes: settings.writes,
      asksSiblings: settings.view !== undefined && asksSiblings(settings.view),
    },
    clock,
    hasStore: settings.epoch !== undefined,
    emit,
    onChange,
  });
  const underWay = createUnderWay();
  const { writes: policy, onBehind } = settings;
  const routes = createLiveTable(live.topology, { self: regions.self, writes: policy, onBehind });

  const onVerify = createServerCheck({ live, clock, probeAnew: async (index) => monitor?.probeAnew(index) });
  const nodes: readonly PoolNode[] = settings.nodes.map(({ id, region, pool }, index) =>
    createPoolNode({
      index,
      id,
      region,
      pool,
      clock,
      readings: settings.readings,
      verifyTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
      inRecovery: () => live.store.facts.nodes[index]?.reading?.inRecovery ?? false,
      onDiscard: (why) => {
        counters.discarded += 1;
        if (isLeftBehind(why)) emit('leak', { node: id, why });
      },
      onRelease: (client) => underWay.giveBack(client),
      onSign: () => {
        if (!closed) monitor?.wake(index);
      },
      onVerify: (reading, sentAtMs) => onVerify(index, reading, sentAtMs),
    }),
  );

  const unreachable = createUnreachable(nodes.length);
  const nearness = createNearness(regions.self, nodes, notice);
  const readiness = createReadiness(routes, unreachable);
  const { hold, pauses, waiting } = createWaitingWrites({
    settings,
    nodes,
    live,
    unreachable,
    underWay,
    counters,
    emit,
    onFirst: () => monitor?.speedUp(),
  });
  const codec =
    token === undefined
      ? undefined
      : createTokenCodec(token.secret, { environment: token.environment, place: placeOf(settings) });
  const learnEpoch = (epoch: Epoch, from: 'hop' | 'token', region?: string): void => {
    // Leave out a fork that is too large for a document: it would make every document of this region malformed for the
    // others.
    if (isKnownTop(live.topology, epoch) || readEpoch(epoch) === undefined) return;
    live.apply({ type: 'epoch', epoch, from, ...(region !== undefined && { region }), atMs: clock.now() });
  };
  const watcher = createWatcher({ clock, onWatch: (index) => monitor?.wake(index) });
  const reach = createReach({ live, routes, watcher, tokenWaitMs: settings.tokenWaitMs });
  const scopes = createScopes({
    codec,
    clock,
    maxAgeMs: token?.maxAgeMs ?? 0,
    owners: regions.list.flatMap(({ name }) =>
      Array.from({ length: MAX_OWNERS_PER_REGION }, (_, place) => `${name}/${place}`),
    ),
    known: (epoch) => knownEpoch(live.store.facts, epoch),
    isOutOfReach: reach.isOut,
    topology: () => live.topology,
    systems: () => live.store.facts.tops.map(({ system }) => system),
    learnEpoch: (epoch) => learnEpoch(epoch, 'token'),
    underWay,
    resetAtMs: () => live.store.facts.resetAtMs,
    emit,
  });

  /** If this process does not reach a database, only the document of its region has the state of it. */
  const isReached = (name: string): boolean => {
    const known = live.store.facts.nodes.filter(({ region }) => region === name);
    return name === regions.self || (known.length > 0 && known.every(isResponding));
  };
  const beats: (() => void)[] = [];
  let followed: FollowedView | undefined;
  const suspension = createSuspensionDetector(clock, () => {
    guard.checkSuspension();
    refreshView();
    // A pool that ends does not call back the callers that wait for a connection.
    for (const node of nodes) if (node.pool.ending) node.rejectWaiting(new NodeUnavailableError(node.id));
    for (const run of beats) run();
  });
  /** What a view that throws told before grows old. */
  const refreshView = (): void => {
    try {
      followed?.refresh();
    } catch {}
  };
  const guard = createViewGuard({
    clock,
    live,
    maxViewAgeMs: settings.maxViewAgeMs,
    timeoutMs,
    wasSuspended: () => !closed && suspension.wasSuspended(),
    onSuspended: () => emit('suspended', {}),
    probe: async (index) => monitor?.probe(index),
    isHeardSince: (atMs) => followed?.isHeardSince(atMs, isReached) ?? true,
    onRenewed: () => writeRoute.resumeHeld(),
  });
  const writeRoute = createWriteRoute({ routes, guard, hold });

  const writes = createWriteWatch(clock, () => monitor?.speedUp());
  const schedule = createProbeSchedule({
    settings,
    nodes,
    live,
    emit,
    holding: () => hold.size > 0,
    watched: watcher.watches,
    writes,
  });
  monitor = createMonitor({
    nodes,
    readings: settings.readings,
    clock,
    random: settings.random,
    timeoutMs,
    ...schedule,
    onReading: (index, reading, sentAtMs) => {
      unreachable.onAnswer(index, reading.inRecovery);
      nearness(index, clock.now() - sentAtMs);
      schedule.onReading(index, reading, sentAtMs);
    },
    onFailure: (index, error) => {
      unreachable.onFailure(index, error);
      schedule.onFailure(index, error);
      if (unreachable.isInVain) hold.giveUp();
      readiness.update();
    },
  });

  const { epoch: store } = settings;
  const keeper = store && keepEpochs(store, { live, clock, timeoutMs, emit, isStale: () => guard.isStale() });
  beats.push(() => keeper?.keep(live.topology, live.topology));
  // Without reports of the regions their nodes say everything there is to know.
  if (settings.view === undefined)
    for (const { name } of regions.list) live.apply({ type: 'asked', region: name, atMs: clock.now() });
  followed = settings.view === undefined ? undefined : followView(settings.view, live, clock, pauses.learn);

  return {
    settings,
    nodes,
    live,
    routes,
    monitor,
    unreachable,
    readiness,
    writeRoute,
    guard,
    gateWarning,
    hold,
    pauses,
    underWay,
    get holding() {
      return waiting();
    },
    watcher,
    reach,
    scopes,
    codec,
    writes,
    events,
    counters,
    get closed() {
      return closed;
    },
    learnEpoch,
    onBeat: (run) => void beats.push(run),
    pause: (delayMs) => new Promise((resolve) => void clock.schedule(resolve, delayMs)),
    close: () => {
      if (closed) return;
      closed = true;
      followed?.stop();
      suspension.close();
      monitor?.close();
      writeRoute.close();
      pauses.close();
      watcher.close();
      readiness.close();
      live.close();
      for (const node of nodes) node.close(new RouterClosedError());
    },
  };
}

/** A copy of an environment that has no name may have other hosts. Origins may differ between regions. */
function placeOf({ regions }: Settings): string {
  return [...regions.list.map(({ name }) => name), ...regions.hosts].sort().join(' ');
}
