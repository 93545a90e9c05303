import { AsyncLocalStorage } from 'node:async_hooks';
import {
  createEvents,
  type Decider,
  type Decision,
  type Doors,
  type EventSource,
  type NextDecision,
  type RegionView,
  type RequestView,
  withDoors,
} from '@regionkit/core';
import {
  check,
  createJumpDetector,
  createNotices,
  createPoller,
  dropRejection,
  harmless,
  keptAlive,
  type Notices,
} from '@regionkit/core/kit';
import type { Check, CheckOptions } from './checks/check.ts';
import { trackCheck } from './checks/track.ts';
import { EVENT_NAMES, type HealthEvents } from './events.ts';
import { createLatch } from './latch.ts';
import { checkHealthOptions, checkRules, type HealthOptions } from './options.ts';
import { createNeighbourhood, type Followed } from './peers/neighbourhood.ts';
import { createPeerNotices, createSecretNotices, noticeClockSkew } from './peers/peer-notices.ts';
import { detail } from './routes/detail.ts';
import { makePaths } from './routes/paths.ts';
import { createRoutes } from './routes/routes.ts';
import { createTokenCheck } from './routes/token.ts';
import type { HealthVerdict } from './verdict/judge.ts';
import { createKeeper } from './verdict/keeper.ts';

/** Health of this process and its region. Made by {@link createHealth}. */
export interface Health<Name extends string = string>
  extends Decider,
    Doors,
    EventSource<HealthEvents<Name>>,
    AsyncDisposable {
  readonly kind: 'health';
  /** What is known of every region, including this one. For affinity, the write gate and the router. */
  readonly view: RegionView<Name>;
  /** Whether `regions` has `development: true`. A drain then does not wait. */
  readonly development: boolean;
  /**
   * Returns what this region can do now, from memory. No check runs.
   *
   * @example
   * ```ts
   * const { status, failing } = health.verdict();
   * ```
   */
  verdict(): HealthVerdict;
  /**
   * Runs `check` now and then repeatedly in the background, one run at a time. Returns a function that removes it.
   *
   * @example
   * ```ts
   * const remove = health.check('db', checks.pool(pool), { affects: ['reads'] });
   * ```
   *
   * @throws {TypeError | RangeError} The name is taken or not printable, or an option is out of range.
   */
  check(name: string, check: Check, options?: CheckOptions): () => void;
  /**
   * Resolves when every check has run once.
   *
   * @example
   * ```ts
   * await health.ready({ signal: AbortSignal.timeout(10_000) });
   * ```
   *
   * @throws The reason of `signal`, if it is aborted first.
   */
  ready(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /**
   * Sends what `router` knows of this region's database to the other regions, and asks them at the urgent rate while
   * its topology has another state than `ready`. This is the same as the options `epoch` and `urgent`, for a router
   * that is created after health because it takes `health.view`.
   *
   * @example
   * ```ts
   * const router = createRegionRouter({ regions, pools, view: health.view });
   * health.follow(router);
   * ```
   */
  follow(router: Followed): void;
  /**
   * Asks the other regions now, not at the next interval: for example when a write waits, or a primary was lost.
   *
   * @example
   * ```ts
   * health.wake();
   * ```
   */
  wake(): void;
  /**
   * Sends new traffic elsewhere: `/health` and `/readyz` answer 503, and the other regions are informed at once.
   *
   * @example
   * ```ts
   * health.drain();
   * ```
   */
  drain(): void;
  /**
   * Cancels {@link drain}.
   *
   * @example
   * ```ts
   * health.undrain();
   * ```
   */
  undrain(): void;
  /**
   * Ends the checks and the requests to other regions. The routes then answer 503.
   *
   * @example
   * ```ts
   * await health.close();
   * ```
   */
  close(): Promise<void>;
}

const ALONE_PULSE_MS = 1_000;
const NO_PEERS = 'createHealth: without peers, health.view knows of no other region: set peers.secret';
const NO_FOLLOW = 'health: other regions are told nothing of the database here: call health.follow(router)';

/**
 * Answers the probes of a DNS health checker, a load balancer and an orchestrator: can this region serve reads, can it
 * serve writes, should it get new traffic? It also knows the answers of the other regions. A probe never runs a check:
 * it reads the verdict from memory.
 *
 * @example
 * ```ts
 * const health = createHealth({ regions, token: process.env.HEALTH_TOKEN, peers: { secret } });
 * const router = createRegionRouter({ regions, pools, view: health.view });
 * health.follow(router);
 * health.check('reads', checks.router(() => router, 'read'), { affects: ['reads'] });
 * health.check('writes', checks.router(() => router, 'write'), { affects: ['writes'] });
 * app.use(health.express());
 * ```
 *
 * @throws {TypeError | RangeError} An option is of the wrong type or out of range.
 */
export function createHealth<Name extends string>(options: HealthOptions<Name>): Health<Name> {
  const { clock, random, defaults, urgent, peers } = checkHealthOptions(options);
  const { regions, logger, version } = options;
  const events = createEvents<HealthEvents<Name>>('health', EVENT_NAMES);
  const ready = createLatch();
  const rank = new Map(regions.list.map(({ name }, at) => [name as string, at]));
  const ownRank = rank.get(regions.self) ?? 0;
  const outside = AsyncLocalStorage.snapshot();
  let closed = false;
  const notify = createNotices(logger);
  /** By code, for the detail of `/health`: the first of each. */
  const warnings: Record<string, string> = {};
  const notice: Notices = (code, message) => {
    warnings[code] ??= message;
    notify(code, message);
  };
  let followsRouter = options.epoch !== undefined;

  // A region that asks to leave asks and is asked at the urgent rate. An answer older than two rounds and a timeout is
  // old.
  const freshMs = peers === undefined ? 0 : 2 * peers.urgentIntervalMs + peers.timeoutMs;
  const keeper = createKeeper({
    clock,
    guardTimes: { freshMs, settleMs: 2 * freshMs },
    neighbours: () => neighbourhood.neighbours(),
    isUnconfirmed: () => neighbourhood.isUnconfirmed(),
    better: (name) => (rank.get(name) ?? Number.POSITIVE_INFINITY) < ownRank,
    onStale: ({ name }) => events.emit('stale', { name }),
    onRelative: () => neighbourhood.announce(),
    onChange: (from, to) => {
      events.emit('change', { from, to });
      neighbourhood.tell();
      if (to.phase === 'starting') return;
      ready.open();
      if (from.accept === to.accept && from.reads === to.reads && from.writes === to.writes) return;
      neighbourhood.announce();
      say(to);
    },
  });
  const say = ({ status, reads, writes, accept, phase, failing }: HealthVerdict): void => {
    const line = `health: reads ${reads}, writes ${writes}, accept ${accept}, ${phase}`;
    const whole = failing.length === 0 ? line : `${line}; failing: ${failing.join(', ')}`;
    if (logger === undefined) {
      if (status === 'fail' && phase === 'up') notice('REGIONKIT_UNHEALTHY', whole);
      return;
    }
    harmless(logger)[status === 'fail' ? 'warn' : 'info'](whole);
  };

  // After a suspension the memory is intact, but everything in it may be outdated.
  const jumps = createJumpDetector(clock);
  const noticeJump = (): void => {
    if (!jumps.jumped()) return;
    neighbourhood.forget();
    keeper.forget();
  };
  const verdict = (): HealthVerdict => {
    noticeJump();
    return keeper.verdict();
  };

  const noticePeer = createPeerNotices(notice);
  const noticeSecret = createSecretNotices(notice);
  const neighbourhood = createNeighbourhood<Name>({
    regions,
    clock,
    random,
    peers,
    urgent,
    noticeJump,
    verdict: keeper.verdict,
    relative: () => keeper.relative,
    onAnswer: (region, reason, durationMs) => {
      events.emit('peer', { region, reason, durationMs });
      // The own origin may be out of reach from inside: another process is then not found, and nothing else is lost.
      if (region !== regions.self) noticePeer(region, reason);
    },
    onClockSkew: (region) => noticeClockSkew(notice, region),
    onOtherSecret: (region, use) => noticeSecret(region, use),
    onUnasked: () => notice('REGIONKIT_NO_PEERS', NO_PEERS),
    ...(options.epoch !== undefined && { epoch: options.epoch }),
  });
  const { view } = neighbourhood;

  const pulse = createPoller({
    run: () => {
      noticeJump();
      // An app without checks is judged at its first probe, not while it is still set up.
      if (keeper.checks.size > 0) {
        keeper.look();
        neighbourhood.tell();
      }
      neighbourhood.tick();
    },
    everyMs: () => peers?.urgentIntervalMs ?? ALONE_PULSE_MS,
    clock,
    random,
  });

  const saysWrites = (): boolean => [...keeper.checks.values()].some(({ affects }) => affects.includes('writes'));

  const answer = createRoutes({
    paths: makePaths(options.paths ?? {}),
    verdict,
    mayKnowMore: createTokenCheck(options.token),
    detail: (status) => detail(status, verdict(), keeper.checks.values(), view, version, clock.now(), warnings),
    ...(peers !== undefined && {
      document: (request: RequestView) => {
        const answer = neighbourhood.document(request);
        // Only a region can sign the question, so no other sender can cause this warning.
        if (answer !== undefined && !('refusal' in answer) && !followsRouter && saysWrites())
          notice('REGIONKIT_NO_FOLLOW', NO_FOLLOW);
        return answer;
      },
    }),
  });

  const PASS: NextDecision = { action: 'next', reason: 'not-health' };
  let observers: readonly Check[] = [];
  const observed = (request: RequestView): NextDecision => ({
    action: 'next',
    reason: 'not-health',
    onDone: (outcome) => {
      if (outcome.by !== 'handler') return;
      for (const check of observers) dropRejection(check.observe?.(outcome, request));
    },
  });
  const updateObservers = (): void => {
    observers = [...keeper.checks.values()].map(({ check }) => check).filter(({ observe }) => observe !== undefined);
  };

  const add: Health<Name>['check'] = (name, given, checkOptions = {}) => {
    if (typeof given !== 'function') throw new TypeError(`health.check: '${name}' must be given a function`);
    const rules = checkRules(name, checkOptions, defaults);
    if (keeper.checks.has(name)) throw new RangeError(`health.check: there is a check '${name}' already`);
    const onRun: Parameters<typeof trackCheck>[4] = ({ status: settled }, run) => {
      events.emit('check', { name, status: run.status, settled, reason: run.reason, durationMs: run.durationMs });
      keeper.look();
    };
    // A check that is added during a request does not keep the context of that request in memory for ever.
    const tracked = outside(() => trackCheck(name, given, rules, { self: regions.self, clock, random }, onRun));
    if (closed) tracked.close();
    keeper.add(tracked);
    updateObservers();
    return () => {
      tracked.close();
      keeper.remove(tracked);
      updateObservers();
    };
  };

  const enter = (phase: 'up' | 'draining' | 'stopped'): void => {
    if (closed && phase !== 'stopped') return;
    keeper.enter(phase);
    events.emit('drain', { phase: keeper.verdict().phase });
  };
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    pulse.close();
    enter('stopped');
    for (const check of keeper.checks.values()) check.close();
    neighbourhood.close();
  };

  return withDoors({
    kind: 'health' as const,
    view,
    development: regions.development,
    on: events.on,
    verdict,
    check: add,
    ready: ({ signal }: { readonly signal?: AbortSignal } = {}) => {
      // Without a check it is ready at the first probe.
      verdict();
      return keptAlive(() => ready.wait(signal));
    },
    follow: (router: Followed) => {
      check.function('health.follow: router.topology', router?.topology);
      followsRouter = true;
      neighbourhood.follow(router);
    },
    wake: neighbourhood.wake,
    drain: () => enter('draining'),
    undrain: () => enter('up'),
    close,
    [Symbol.asyncDispose]: close,
    decide: (request: RequestView): Decision => answer(request) ?? (observers.length === 0 ? PASS : observed(request)),
  });
}
