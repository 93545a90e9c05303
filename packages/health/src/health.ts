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
    EventSource<HealthEvents>,
    AsyncDisposable {
  readonly kind: 'health';
  /** What is known of every region, this one included: for affinity, the write gate and the router. */
  readonly view: RegionView<Name>;
  /** Whether `regions` says `development: true`: a drain then waits for nobody. */
  readonly development: boolean;
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
  /**
   * From now on the other regions are told what `router` knows of this region's database, and asked at the urgent rate
   * while its topology is in another state than `ready`. The same as the options `epoch` and `urgent`, for a router that
   * is made after health because it takes `health.view`.
   */
  follow(router: Followed): void;
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
const NO_PEERS = 'createHealth: without peers, health.view knows of no other region: set peers.secret';
const NO_FOLLOW = 'health: other regions are told nothing of the database here: call health.follow(router)';

/**
 * Answers what a DNS health checker, a load balancer and an orchestrator ask: can this region serve reads, can it serve
 * writes, should new traffic come here; and knows what the other regions answer. A probe never runs a check: it reads
 * the verdict from memory.
 *
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
  const events = createEvents<HealthEvents>('health', EVENT_NAMES);
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

  // Whoever asks to leave is asked about, and asks, at the urgent rate: two turns and a timeout old is old.
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

  // A process that was suspended finds what it knew in its place, and all of it may be wrong by now.
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
      // An app that adds no check is judged when it is first asked, not while it is still being put together.
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
        // Only whoever has signed the question is a region: nobody else can make this a warning.
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
    // A check that is added while a request is handled does not keep that request's context for ever.
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
      // Without a check it is ready as soon as it is asked.
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
