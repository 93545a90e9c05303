import { randomBytes } from 'node:crypto';
import { createEvents, type Epoch, type RegionView, type RouteExplanation } from '@regionkit/core';
import { createNotices, type Notices } from '@regionkit/core/kit';
import type { Pool, QueryResult } from 'pg';
import { requiredPosition } from './causality/scope.ts';
import type { PoolNode } from './connection/node.ts';
import { createEngine, type Engine } from './engine/engine.ts';
import { whoIsWhere } from './engine/who-is-where.ts';
import { createEntry } from './entry.ts';
import { NoPrimaryError } from './errors.ts';
import { ROUTER_EVENTS, type RouterEvents } from './events.ts';
import type { GateSeam, PrimaryLocation } from './gate-seam.ts';
import { sameEpoch } from './history/epoch.ts';
import { logEvents } from './log-events.ts';
import { checkOptions, type RegionRouterOptions, type Settings } from './options.ts';
import { createPauseWrites } from './pause/pause-writes.ts';
import { createFacade, type FacadeKind } from './pools/facade.ts';
import { createLeases } from './pools/lease.ts';
import { refuseAsOptions } from './pools/not-options.ts';
import type { RouteReason } from './reasons.ts';
import type { RegionRouter, ScopeOptions } from './region-router.ts';
import { reportTopology } from './report-topology.ts';
import { decideRead } from './routing/decide.ts';
import type { Route } from './routing/route.ts';
import { shownAs } from './shown.ts';
import { createBatches } from './statements/batches.ts';
import { createRunner } from './statements/run.ts';
import { createStatements } from './statements/statements.ts';
import { createTransactions } from './statements/transactions.ts';
import { written } from './topology/facts.ts';

// Taken when the module loads: a test that fakes timers later still gets its router closed.
const { setImmediate } = globalThis;

/**
 * Wraps the `pg` pools of an app. The router knows which node is the real primary and which replicas are fresh enough,
 * and every error tells what happened to its statement.
 *
 * @example
 * ```ts
 * const router = createRegionRouter({
 *   regions,
 *   pools: { 'us-east-1': new Pool({ host: 'pg-us' }), 'eu-west-1': new Pool({ host: 'pg-eu' }) },
 *   writes: 'forward',
 *   token: { secret: process.env.TOKEN_SECRET ?? '' },
 * });
 * await router.ready();
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong; the message names it.
 */
export function createRegionRouter<Name extends string>(options: RegionRouterOptions<Name>): RegionRouter<Name> {
  const settings = checkOptions(options);
  const events = createEvents<RouterEvents<Name>>('db-router', ROUTER_EVENTS);
  const notice = createNotices(settings.logger);
  noticeWhatIsMissing(settings, notice);
  logEvents(events, settings.logger, notice);
  const engine = createEngine(settings, events, notice);
  const { live, routes, nodes, scopes, monitor, counters, pauses, underWay } = engine;
  const entry = createEntry(scopes);
  const runner = createRunner(engine);
  const statements = createStatements(engine, runner);
  const transaction = createTransactions(engine, statements, runner);
  const batch = createBatches(engine, statements, runner);
  const leases = createLeases(engine);
  engine.onBeat(() => leases.reportLeaks());

  const self = settings.regions.self;
  const shared = new Map<string, (peer: string) => readonly string[]>();
  if (engine.codec !== undefined) shared.set('token', engine.codec.fingerprints);
  const facade = (kind: FacadeKind, of: () => readonly PoolNode[]): Pool =>
    createFacade({ kind, engine, entry, statements, leases, nodes: of });
  const primaryNodes = (): readonly PoolNode[] => nodes.filter(({ index }) => index === live.topology.primary?.node);
  const localNodes = (): readonly PoolNode[] => nodes.filter(({ region }) => region === self);

  const primaryNow = (): PrimaryLocation<Name> | undefined => {
    if (engine.writeRoute.now().reason === 'stale-view') return undefined;
    const { primary } = live.topology;
    return primary === undefined ? undefined : { region: primary.region as Name, epoch: primary.epoch };
  };

  const pauseWrites = createPauseWrites<Name>({
    self,
    regions: settings.regions.list.map(({ name }) => name as Name),
    view: settings.view as RegionView<Name> | undefined,
    pauses,
    underWay,
    now: () => settings.clock.now(),
    sleep: engine.pause,
  });

  let poolsEnd: Promise<unknown> | undefined;
  const close = async ({ pools = false }: { readonly pools?: boolean } = {}): Promise<void> => {
    engine.close();
    // A pool gives an idle connection in the next tick. One that is ended before, here or by the app, never gives it.
    await new Promise(setImmediate);
    if (!pools) return;
    poolsEnd ??= Promise.all(nodes.map(({ pool }) => (pool.ending ? undefined : pool.end())));
    await poolsEnd;
  };

  const gate: GateSeam<Name> = {
    openScope: ({ tokens, access }) => scopes.forGate(scopes.open({ tokens, access })),
    notice,
    shareSecret: (use, fingerprints) => void shared.set(use, fingerprints),
    noteGate: () => engine.gateWarning.noteGate(),
    primaryNow,
    locatePrimary: ({ signal, isNew = false }) =>
      entry(async () => {
        const isHeld = (): boolean => isNew && pauses.isOn;
        let deadlineMs = settings.clock.now() + settings.hold.timeoutMs;
        for (;;) {
          if (isHeld()) {
            await pauses.wait(signal);
            deadlineMs = settings.clock.now() + settings.hold.timeoutMs;
          }
          await engine.writeRoute.locate(deadlineMs, signal);
          const location = isHeld() ? undefined : primaryNow();
          if (location !== undefined) return location;
        }
      }),
    isPaused: () => pauses.isOn,
    beginForward: () => {
      let isOpen = true;
      underWay.begin();
      return () => {
        if (isOpen) underWay.end();
        isOpen = false;
      };
    },
    learnEpoch: (epoch: Epoch, from, region) => engine.learnEpoch(epoch, from, region),
    highest: () => live.topology.highest,
    recheckPrimary: () => {
      for (const { index } of nodes) monitor.wake(index);
    },
    notePrimaryUnreached: () => engine.writes.unreached(),
  };

  const router: RegionRouter<Name> = {
    self,
    regions: settings.regions,
    writes: settings.writes,
    gate,
    primary: facade('primary', primaryNodes),
    replica: facade('replica', localNodes),
    pool: facade('auto', () => nodes),
    ready: ({ signal } = {}) => entry(() => engine.readiness.wait(signal)),
    read: (query, values, { signal } = {}) =>
      entry((caller) => statements.read(query, values, caller), signal) as Promise<QueryResult<never>>,
    write: (query, values, { signal } = {}) =>
      entry((caller) => statements.write(query, values, caller), signal) as Promise<QueryResult<never>>,
    transaction: (fn, options = {}) => entry((caller) => transaction(fn, options, caller), options.signal),
    batch: (list, options = {}) => entry((caller) => batch(list, options, caller), options.signal),
    run: <T>({ token, access = 'write', signal }: ScopeOptions, fn: () => T) =>
      scopes.run(scopes.open({ tokens: token === undefined ? [] : [token], access, signal }), fn) as never,
    nodeOf: (client) => leases.nodeOf(client),
    token: () => {
      const scope = scopes.current();
      return scope === undefined ? undefined : scopes.tokenOf(scope);
    },
    topology: () => reportTopology(engine, self),
    secrets: (peer) => Object.fromEntries([...shared].map(([use, fingerprints]) => [use, fingerprints(peer)])),
    explain: (intent, token) => {
      if (engine.closed) return explainRoute(engine, CLOSED);
      if (intent === 'write') return engine.pauses.isOn ? PAUSED : explainRoute(engine, engine.writeRoute.now());
      const need = token === undefined ? requiredPosition(scopes.current()) : scopes.requiredPosition(token);
      return explainRoute(engine, decideRead(routes.current, need, 0, 0, settings.tokenWaitMs > 0));
    },
    stats: () => ({ ...counters, routes: { ...counters.routes }, holding: engine.holding, leased: leases.size }),
    confirmPrimary: () =>
      entry(async () => {
        await monitor.probeAll();
        const writers = live.topology.nodes.filter(({ state }) => state === 'candidate' || state === 'primary');
        const isClaimed = live.topology.claimedBy !== undefined;
        if ((writers.length === 0 && !isClaimed) || live.topology.state === 'twin-primaries') {
          const { state } = live.topology;
          throw new NoPrimaryError(
            state === 'ready' ? 'no-primary' : state,
            'not-held',
            undefined,
            whoIsWhere(live.topology),
          );
        }
        live.apply({ type: 'confirm', atMs: settings.clock.now() });
      }),
    resetEpoch: (reason) =>
      entry(async () => {
        await monitor.probeAll();
        // Which of them is right is decided by stopping the other, not here.
        const [first, ...others] = written(live.store.facts);
        if (first !== undefined && others.some((epoch) => !sameEpoch(epoch, first))) {
          throw new NoPrimaryError('twin-primaries', 'not-held', undefined, whoIsWhere(live.topology));
        }
        const voided = live.topology.highest;
        live.apply({ type: 'reset', id: randomBytes(16).toString('base64url'), atMs: settings.clock.now() });
        events.emit('epoch-reset', { voided, reason });
        await monitor.probeAll();
      }),
    pauseWrites: (how) => entry(() => pauseWrites(how)),
    resumeWrites: () => pauses.resume(),
    recycle: () => {
      for (const node of nodes) node.recycle();
    },
    close: (how) => entry(() => close(how)),
    [Symbol.asyncDispose]: () => entry(() => close()),
    on: (event, listener) => events.on(event, listener),
  };
  Object.defineProperty(router, 'password', { get: refuseAsOptions });
  return shownAs(router, 'RegionRouter', () => ({
    self,
    writes: settings.writes,
    topology: router.topology(),
    stats: router.stats(),
  }));
}

const CLOSED: Route = { action: 'reject', node: -1, region: undefined, reason: 'closed', lagMs: undefined };

/** An app may leave these options out on purpose, but nothing else would show it what is missing. */
function noticeWhatIsMissing({ writes, token, regions, view, nodes }: Settings, notice: Notices): void {
  if (regions.list.length === 1) return;
  if (writes === 'forward' && token === undefined) {
    notice(
      'REGIONKIT_NO_TOKEN',
      "writes is 'forward' and there is no token: a client may not read here what it has just written elsewhere; set token.secret",
    );
  }
  const unheard = regions.list.filter(({ name }) => nodes.every(({ region }) => region !== name));
  if (view === undefined && unheard.length > 0) {
    notice(
      'REGIONKIT_NO_VIEW',
      `createRegionRouter: there is neither a view nor a pool for ${unheard.map(({ name }) => name).join(', ')}: this process can never learn of a primary there; pass health.view`,
    );
  }
}

const PAUSED = { action: 'hold', reason: 'paused' } as const;

function explainRoute<Name extends string>({ nodes }: Engine, route: Route): RouteExplanation<RouteReason, Name> {
  return {
    action: route.action === 'wait' ? 'run' : route.action,
    reason: route.reason,
    ...(route.region !== undefined && { region: route.region as Name }),
    ...(route.node >= 0 && { node: nodes[route.node]?.id ?? '' }),
    ...(route.lagMs !== undefined && { lagMs: route.lagMs }),
  };
}
