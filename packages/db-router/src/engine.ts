import type { Epoch, Events } from '@regionkit/core';
import { type Notices, readEpoch } from '@regionkit/core/kit';
import { createReach, type Reach } from './causality/reach.ts';
import { createScopes, type Scopes } from './causality/scope.ts';
import { createTokenCodec, type TokenCodec } from './causality/token.ts';
import { createWatcher, type Watcher } from './causality/watcher.ts';
import { createPoolNode, type PoolNode } from './connection/node.ts';
import { type Counters, createCounters } from './counters.ts';
import {
  AbortedError,
  NodeFencedError,
  type NodeSituation,
  NodeUnavailableError,
  NoReadableNodeError,
  RouterClosedError,
} from './errors.ts';
import type { RouterEvents } from './events.ts';
import { createEpochKeeper } from './monitor/epoch-keeper.ts';
import { type FollowedView, followView } from './monitor/follow-view.ts';
import { createMonitor, type Monitor } from './monitor/monitor.ts';
import { createProbeSchedule } from './monitor/probe-schedule.ts';
import { createSuspensionDetector } from './monitor/suspension.ts';
import { createUnreachable } from './monitor/unreachable.ts';
import { createViewGuard } from './monitor/view-guard.ts';
import { createWriteWatch, type WriteWatch } from './monitor/write-watch.ts';
import type { Settings } from './options.ts';
import type { NoPrimaryReason } from './reasons.ts';
import { createHoldQueue, type HoldQueue } from './routing/hold.ts';
import { createLiveTable, type LiveTable } from './routing/live-table.ts';
import type { Route } from './routing/route.ts';
import { knownEpoch } from './topology/facts.ts';
import { createLiveTopology, isKnownTop, type LiveTopology } from './topology/live-topology.ts';
import type { Reading } from './topology/readings.ts';
import type { Topology } from './topology/topology.ts';

/** What the statements of a router run on. */
export interface Engine {
  readonly settings: Settings;
  readonly nodes: readonly PoolNode[];
  readonly live: LiveTopology;
  readonly routes: LiveTable;
  readonly monitor: Monitor;
  readonly hold: HoldQueue;
  readonly watcher: Watcher;
  readonly reach: Reach;
  readonly scopes: Scopes;
  /** Undefined without `token`. */
  readonly codec: TokenCodec | undefined;
  readonly writes: WriteWatch;
  readonly events: Events<RouterEvents>;
  readonly counters: Counters;
  readonly closed: boolean;
  /** Where a write would go at this moment; to `hold` with `stale-view` when what is known is too old to say. */
  writeRoute(): Route;
  /** The same, holding while there is nowhere to go. @throws when it was held in vain; nothing was sent. */
  locate(deadlineMs: number, signal: AbortSignal | undefined): Promise<Route>;
  /** What a node met that could not be asked; undefined while every one answers. */
  whyUnreachable(): unknown;
  /** Who is where, for an error. */
  whoIsWhere(): readonly NodeSituation[];
  /** Resolves when a read can be served. @throws when it was aborted, the router closed, or no database lets us in */
  readable(signal: AbortSignal | undefined): Promise<void>;
  hear(epoch: Epoch, from: 'hop' | 'token'): void;
  /** A write gate is there: it forwards what is refused here. */
  noteGate(): void;
  /** A write was refused that a gate would have forwarded: said once if there is none. */
  noteRefusal(): void;
  /** Called twice a second or so. */
  onBeat(run: () => void): void;
  /** Waits, without keeping the process alive. */
  pause(delayMs: number): Promise<void>;
  close(): void;
}

const MAX_CONNECTION_MS = 60_000;
const MAX_OWNERS_PER_REGION = 16;

const STALE_VIEW: Route = { action: 'hold', node: -1, region: undefined, reason: 'stale-view', lagMs: undefined };

export function createEngine(settings: Settings, events: Events<RouterEvents>, notice: Notices): Engine {
  const { clock, regions } = settings;
  const readers = new Set<() => void>();
  const counters = createCounters();
  let closed = false;
  let gated = false;

  const emit: Events<RouterEvents>['emit'] = (event, payload) => events.emit(event, payload);
  const { token } = settings;
  const codec = token === undefined ? undefined : createTokenCodec(token.secret, environmentOf(settings));

  const onChange = (topology: Topology, before: Topology): void => {
    routes.renew(topology);
    for (const view of topology.nodes) {
      const node = nodes[view.index];
      if (node === undefined) continue;
      node.generation = view.generation;
      node.guarded = view.state === 'twin' || view.state === 'candidate';
      const was = before.nodes[view.index]?.state;
      if (was === view.state) continue;
      // Who has a client of it since it was the only primary could still COMMIT on it.
      if (node.guarded && (was === 'primary' || was === 'candidate')) node.destroyAll(new NodeFencedError(node.id));
      if (view.state === 'fenced' || view.state === 'foreign') {
        node.turnAway(new NodeUnavailableError(node.id));
        const clients = node.destroyAll(new NodeFencedError(node.id));
        if (view.state === 'fenced') emit('fenced', { node: node.id, by: topology.highest, clients });
      } else if (view.state === 'unreachable') node.turnAway(new NodeUnavailableError(node.id));
    }
    watcher.notify();
    if (canRead()) for (const resolve of [...readers]) resolve();
    if (before.state === 'ready' && topology.state !== 'ready') monitor?.hurry();
    goOn();
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
    },
    clock,
    hasStore: settings.epoch !== undefined,
    emit,
    onChange,
  });

  const { writes: policy, onBehind } = settings;
  const routes = createLiveTable(live.topology, { self: regions.self, writes: policy, onBehind });

  const onVerify = async (index: number, reading: Reading, sentAtMs: number): Promise<number | undefined> => {
    const matching = (): Reading | undefined => {
      const known = live.store.facts.nodes[index]?.reading;
      return known?.server === reading.server && known.system === reading.system ? known : undefined;
    };
    if (matching() === undefined) {
      monitor?.wake(index, { reconnect: true });
      await monitor?.look(index);
    }
    const known = matching();
    if (known === undefined) return undefined;
    // default_transaction_read_only is per session, and this one may have been set by the app: the probe's counts.
    const { readOnly } = known;
    live.take({ type: 'reading', node: index, reading: { ...reading, readOnly }, sentAtMs, atMs: clock.now() });
    return nodes[index]?.generation;
  };

  const nodes: readonly PoolNode[] = settings.nodes.map(({ id, region, pool }, index) =>
    createPoolNode({
      index,
      id,
      region,
      pool,
      clock,
      readings: settings.readings,
      verifyTimeoutMs: settings.timeoutMs,
      quietTimeoutMs: settings.timeoutMs,
      inRecovery: () => live.store.facts.nodes[index]?.reading?.inRecovery ?? false,
      onDiscard: (why) => {
        counters.discarded += 1;
        if (why !== 'stale-statements') emit('leak', { node: id, why });
      },
      onSign: () => {
        if (!closed) monitor?.wake(index);
      },
      onVerify: (reading, sentAtMs) => onVerify(index, reading, sentAtMs),
    }),
  );

  const unreachable = createUnreachable(nodes.length);
  const whoIsWhere = (): readonly NodeSituation[] =>
    live.topology.nodes.map(({ id, state, timeline, system, code }) => ({
      node: id,
      state,
      timeline,
      ...(system !== undefined && { system }),
      ...(code !== undefined && { code }),
    }));
  const hold = createHoldQueue({
    clock,
    nodes: whoIsWhere,
    max: settings.holdWritesMs === 0 ? 0 : settings.holdWritesMax,
    isInVain: () => unreachable.isInVain,
    cause: () => unreachable.cause,
    onHold: (waiting) => {
      counters.held += 1;
      if (waiting === 1) {
        monitor?.hurry();
        warmUp();
      }
      emit('hold', { waiting });
    },
    onEnd: (heldMs, by) => emit('hold-ended', { heldMs, by }),
  });
  /** One of the standbys is about to be promoted: the first write to it should not have to connect first. */
  const warmUp = (): void => {
    for (const { index, state } of live.topology.nodes) {
      const node = nodes[index];
      const isStandby = state === 'replica' || state === 'stale' || state === 'behind';
      if (node === undefined || !isStandby || node.pool.totalCount > 0) continue;
      node.acquire((_error, client) => {
        if (client !== undefined) node.release(client, false);
      });
    }
  };
  const writes = createWriteWatch(clock, () => monitor?.hurry());
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
    hear: (epoch) => hear(epoch, 'token'),
    resetAtMs: () => live.store.facts.resetAtMs,
    emit,
  });

  const hear = (epoch: Epoch, from: 'hop' | 'token'): void => {
    // One that no document may carry would make every document of this region malformed to the others.
    if (isKnownTop(live.topology, epoch) || readEpoch(epoch) === undefined) return;
    live.take({ type: 'heard', epoch, from, atMs: clock.now() });
  };

  const beats: (() => void)[] = [];
  let followed: FollowedView | undefined;
  const suspension = createSuspensionDetector(clock, () => {
    checkSuspension();
    lookAtView();
    // A pool that ends forgets who waits for a connection of it.
    for (const node of nodes) if (node.pool.ending) node.turnAway(new NodeUnavailableError(node.id));
    for (const run of beats) run();
  });
  /** A view that throws tells of nothing: what it told before grows old. */
  const lookAtView = (): void => {
    try {
      followed?.look();
    } catch {}
  };
  const checkSuspension = (): void => {
    if (closed || !suspension.wasSuspended()) return;
    emit('suspended', {});
    guard.invalidate();
  };
  const writeRoute = (): Route => {
    checkSuspension();
    return guard.isStale() ? STALE_VIEW : routes.current.write;
  };
  const goOn = (): void => {
    if (hold.size > 0 && !guard.isStale() && routes.current.write.action !== 'hold') hold.release();
  };

  const guard = createViewGuard({
    clock,
    live,
    maxViewAgeMs: settings.maxViewAgeMs,
    timeoutMs: settings.timeoutMs,
    probe: async (index) => monitor?.look(index),
    onRenewed: () => goOn(),
  });

  const canRead = (): boolean => routes.current.locals.length > 0 || routes.current.others.length > 0;

  const schedule = createProbeSchedule({
    settings,
    nodes,
    live,
    emit,
    holding: () => hold.size > 0,
    watched: watcher.watches,
    writes,
  });
  let monitor: Monitor | undefined;
  monitor = createMonitor({
    nodes,
    readings: settings.readings,
    clock,
    random: settings.random,
    timeoutMs: settings.timeoutMs,
    maxConnectionMs: MAX_CONNECTION_MS,
    ...schedule,
    onReading: (index, reading, sentAtMs) => {
      unreachable.onAnswer(index, reading.inRecovery);
      schedule.onReading(index, reading, sentAtMs);
    },
    onFailure: (index, error) => {
      unreachable.onFailure(index, error);
      schedule.onFailure(index, error);
      if (unreachable.isInVain) hold.giveUp();
      if (unreachable.isShutOut) for (const end of [...readers]) end();
    },
  });

  const { epoch: store, timeoutMs } = settings;
  const keeper = store === undefined ? undefined : createEpochKeeper({ store, live, clock, timeoutMs, emit });
  followed = settings.view === undefined ? undefined : followView(settings.view, live, clock);

  return {
    settings,
    nodes,
    live,
    routes,
    monitor,
    hold,
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
    writeRoute,
    locate: async (deadlineMs, signal) => {
      for (;;) {
        if (closed) throw new RouterClosedError();
        if (signal?.aborted === true) throw new AbortedError();
        const route = writeRoute();
        if (route.action !== 'hold') return route;
        await hold.wait(() => writeRoute().reason as NoPrimaryReason, deadlineMs, signal);
      }
    },
    whoIsWhere,
    readable: (signal) =>
      new Promise<void>((resolve, reject) => {
        if (closed) return reject(new RouterClosedError());
        if (canRead()) return resolve();
        const end = (): void => {
          readers.delete(end);
          signal?.removeEventListener('abort', end);
          if (canRead()) resolve();
          else if (closed) reject(new RouterClosedError());
          else reject(signal?.aborted === true ? new AbortedError() : new NoReadableNodeError(unreachable.cause));
        };
        if (unreachable.isShutOut) return reject(new NoReadableNodeError(unreachable.cause));
        if (signal?.aborted === true) return reject(new AbortedError());
        signal?.addEventListener('abort', end, { once: true });
        readers.add(end);
      }),
    whyUnreachable: () => unreachable.cause,
    hear,
    noteGate: () => {
      gated = true;
    },
    noteRefusal: () => {
      if (gated || settings.writes !== 'forward') return;
      gated = true;
      notice(
        'REGIONKIT_NO_WRITE_GATE',
        "a write was refused, as writes is 'forward' and no write gate is mounted: createWriteGate() of '@regionkit/db-router/http'",
      );
    },
    onBeat: (run) => void beats.push(run),
    pause: (delayMs) => new Promise((resolve) => void clock.schedule(resolve, delayMs)),
    close: () => {
      if (closed) return;
      closed = true;
      followed?.stop();
      suspension.close();
      monitor?.close();
      hold.close();
      watcher.close();
      for (const end of [...readers]) end();
      live.close();
      for (const node of nodes) {
        node.turnAway(new RouterClosedError());
        node.detach();
      }
    },
  };
}

/** A copy of an environment, with its secret and its database, has other hosts. Origins may differ between regions. */
function environmentOf({ regions }: Settings): string {
  return [...regions.list.map(({ name }) => name), ...regions.hosts].sort().join(' ');
}
