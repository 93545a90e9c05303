import {
  createEvents,
  type DatabaseReport,
  type Decider,
  type Decision,
  type Doors,
  type EventSource,
  type NextDecision,
  type RegionState,
  type RegionView,
  type RequestView,
  unknownRegion,
  withDoors,
} from '@regionkit/core';
import { createJumpDetector, createPoller } from '@regionkit/core/kit';
import type { Check, CheckOptions } from './checks/check.ts';
import { trackCheck } from './checks/track.ts';
import { EVENT_NAMES, type HealthEvents } from './events.ts';
import { checkHealthOptions, checkRules, type HealthOptions } from './options.ts';
import { isNonce, seal } from './peers/document.ts';
import { createPeers } from './peers/peers.ts';
import { createView, ownState, sameEpoch, shown } from './peers/view.ts';
import { detail } from './routes/detail.ts';
import { makePaths } from './routes/paths.ts';
import { createRoutes } from './routes/routes.ts';
import { createTokenCheck } from './routes/token.ts';
import type { Neighbour } from './verdict/guard.ts';
import type { HealthVerdict } from './verdict/judge.ts';
import { createKeeper } from './verdict/keeper.ts';

/** Health of this process and its region. Made by {@link createHealth}. */
export interface Health<Name extends string = string>
  extends Decider,
    Doors,
    EventSource<HealthEvents>,
    AsyncDisposable {
  readonly kind: 'health';
  /** What is known of every region, this one included: for affinity, the write gate and the router. */
  readonly view: RegionView<Name>;
  /** What this region can do now, from memory: no check is run. */
  verdict(): HealthVerdict;
  /**
   * Runs `check` now and again in the background, one run at a time. Returns what removes it.
   *
   * @throws {TypeError | RangeError} The name is taken or not printable, or an option is out of range.
   */
  check(name: string, check: Check, options?: CheckOptions): () => void;
  /** Resolves when every check has been run once. Rejects with the reason of `signal` if that is aborted first. */
  ready(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Asks the other regions now rather than at their turn: when a write is held, a primary lost, a fence suspected. */
  wake(): void;
  /** New traffic should go elsewhere: `/health` and `/readyz` answer 503, and the other regions are told at once. */
  drain(): void;
  /** Takes {@link drain} back. */
  undrain(): void;
  /** Ends the checks and the questions to other regions; the routes go on answering, 503. */
  close(): Promise<void>;
}

const ALONE_PULSE_MS = 1_000;

/**
 * Answers what a DNS health checker, a load balancer and an orchestrator ask: can this region serve reads, can it serve
 * writes, should new traffic come here; and knows what the other regions answer. A probe never runs a check: it reads
 * the verdict from memory.
 *
 * ```ts
 * const health = createHealth({ regions, token: process.env.HEALTH_TOKEN, peers: { secret } });
 * health.check('reads', checks.router(() => router, 'read'), { affects: ['reads'] });
 * health.check('writes', checks.router(() => router, 'write'), { affects: ['writes'] });
 * app.use(health.express());
 * ```
 *
 * @throws {TypeError | RangeError} An option is of the wrong type or out of range.
 */
export function createHealth<Name extends string>(options: HealthOptions<Name>): Health<Name> {
  const { clock, random, defaults, urgent, peers: peersOptions } = checkHealthOptions(options);
  const { regions, logger, version } = options;
  const { now } = clock;
  const events = createEvents<HealthEvents>('health', EVENT_NAMES);
  const self = regions.get(regions.self) ?? { name: regions.self, origin: '' };
  const rank = new Map(regions.list.map(({ name }, at) => [name as string, at]));
  const waiting = new Set<() => void>();
  let closed = false;

  const report = (): DatabaseReport | undefined => {
    try {
      return options.epoch?.().local;
    } catch {
      // The router is made after health: until then there is nothing to report.
      return undefined;
    }
  };

  const peers =
    peersOptions &&
    createPeers(peersOptions, {
      regions,
      clock,
      random,
      onAnswer: (region, reason, durationMs) => events.emit('peer', { region, reason, durationMs }),
      onChange: (name) => tell(name),
    });

  // Whoever asks to leave is asked about, and asks, at the urgent rate: two turns and a timeout old is old.
  const freshMs = peersOptions ? 2 * peersOptions.urgentIntervalMs + peersOptions.timeoutMs : 0;
  const keeper = createKeeper({
    clock,
    guardTimes: { freshMs, settleMs: 2 * freshMs },
    neighbours: () => (peers === undefined ? [] : neighbours()),
    better: (name) => (rank.get(name) ?? Number.POSITIVE_INFINITY) < (rank.get(self.name) ?? 0),
    onStale: ({ name }) => events.emit('stale', { name }),
    onRelative: () => peers?.announce(),
    onChange: (from, to) => {
      events.emit('change', { from, to });
      tell(self.name);
      const matters = from.accept !== to.accept || from.reads !== to.reads || from.writes !== to.writes;
      if (matters && to.phase !== 'starting') {
        peers?.announce();
        const { reads, writes, accept, phase, failing } = to;
        const line = `health: reads ${reads}, writes ${writes}, accept ${accept}, ${phase}`;
        logger?.[to.status === 'fail' ? 'warn' : 'info'](
          failing.length === 0 ? line : `${line}; failing: ${failing.join(', ')}`,
        );
      }
      if (to.phase !== 'starting') {
        for (const resolve of waiting) resolve();
        waiting.clear();
      }
    },
  });

  // A process that was suspended finds what it knew in its place, and all of it may be wrong by now.
  const jumps = createJumpDetector(clock);
  const noticeJump = (): void => {
    if (!jumps.jumped()) return;
    peers?.forget();
    keeper.forget();
  };
  const verdict = (): HealthVerdict => {
    noticeJump();
    return keeper.verdict();
  };

  const look = (name: Name): RegionState<Name> => {
    noticeJump();
    if (name === self.name) return ownState(self, keeper.verdict(), report(), now());
    const state = peers?.get(name);
    return state === undefined ? unknownRegion(regions.get(name) ?? { name, origin: '' }) : shown(state);
  };
  const { view, tell } = createView(regions, look);

  const neighbours = (): readonly Neighbour[] =>
    regions.list.flatMap(({ name }) => (name === self.name ? [] : (peers?.get(name) ?? [])));
  const isUrgent = (): boolean => {
    if (keeper.relative !== 'in') return true;
    try {
      if (urgent()) return true;
    } catch {
      return true;
    }
    if (options.epoch === undefined || known?.role === 'primary') return false;
    return regions.list.every(({ name }) => peers?.get(name)?.primary === undefined);
  };

  let known = report();
  const pulse = (): void => {
    noticeJump();
    // An app that adds no check is judged when it is first asked, not while it is still being put together.
    if (keeper.checks.size > 0) {
      keeper.look();
      tell(self.name);
    }
    const latest = report();
    if (latest?.role !== known?.role || !sameEpoch(latest?.epoch, known?.epoch)) peers?.announce();
    known = latest;
    peers?.tick(isUrgent());
  };
  const poller = createPoller({
    run: pulse,
    everyMs: () => peersOptions?.urgentIntervalMs ?? ALONE_PULSE_MS,
    clock,
    random,
  });

  const answer = createRoutes({
    paths: makePaths(options.paths ?? {}),
    verdict,
    mayKnowMore: createTokenCheck(options.token),
    detail: (status) => detail(status, verdict(), keeper.checks.values(), view, version, now()),
    ...(peers !== undefined && {
      document: (request: RequestView): string | undefined => {
        const [nonce, ...others] = request.header('x-region-nonce');
        if (!isNonce(nonce) || others.length > 0) return undefined;
        if (request.header('x-region-news').length > 0) peers.heardFrom(request.header('x-region-from')[0] ?? '');
        const { accept, reads, writes } = verdict();
        const database = report();
        return seal(
          { region: self.name, accept, reads, writes, relative: keeper.relative, ...(database && { database }) },
          nonce,
          peers.keyring,
        );
      },
    }),
  });

  const PASS: NextDecision = { action: 'next', reason: 'not-health' };
  let observers: readonly Check[] = [];
  const observed = (request: RequestView): NextDecision => ({
    ...PASS,
    onDone: (outcome) => {
      if (outcome.by !== 'handler') return;
      for (const check of observers) check.observe?.(outcome, request);
    },
  });
  const updateObservers = (): void => {
    observers = [...keeper.checks.values()].map(({ check }) => check).filter(({ observe }) => observe !== undefined);
  };

  const enter = (phase: 'up' | 'draining' | 'stopped'): void => {
    if (closed && phase !== 'stopped') return;
    keeper.enter(phase);
    events.emit('drain', { phase: keeper.verdict().phase });
  };
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    poller.close();
    enter('stopped');
    for (const check of keeper.checks.values()) check.close();
    peers?.close();
  };

  return withDoors({
    kind: 'health' as const,
    view,
    on: events.on,
    verdict,
    check: (name: string, check: Check, checkOptions: CheckOptions = {}) => {
      if (typeof check !== 'function') throw new TypeError(`health.check: '${name}' must be given a function`);
      const rules = checkRules(name, checkOptions, defaults);
      if (keeper.checks.has(name)) throw new RangeError(`health.check: there is a check '${name}' already`);
      const tracked = trackCheck(name, check, rules, { self: self.name, clock, random }, ({ status: settled }, run) => {
        events.emit('check', { name, status: run.status, settled, reason: run.reason, durationMs: run.durationMs });
        keeper.look();
      });
      if (closed) tracked.close();
      keeper.add(tracked);
      updateObservers();
      return () => {
        tracked.close();
        keeper.remove(tracked);
        updateObservers();
      };
    },
    ready: ({ signal }: { readonly signal?: AbortSignal } = {}) =>
      new Promise<void>((resolve, reject) => {
        if (keeper.verdict().phase !== 'starting') return resolve();
        if (signal?.aborted) return reject(signal.reason);
        const done = (): void => {
          signal?.removeEventListener('abort', abort);
          resolve();
        };
        const abort = (): void => {
          waiting.delete(done);
          reject(signal?.reason);
        };
        waiting.add(done);
        signal?.addEventListener('abort', abort, { once: true });
      }),
    wake: () => peers?.wake(),
    drain: () => enter('draining'),
    undrain: () => enter('up'),
    close,
    [Symbol.asyncDispose]: close,
    decide: (request: RequestView): Decision => answer(request) ?? (observers.length === 0 ? PASS : observed(request)),
  });
}
