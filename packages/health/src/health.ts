import { createEvents, type Decision, type RequestView, withDoors } from '@regionkit/core';
import { createJumpDetector, createNotices, createPoller, keptAlive, type Notices } from '@regionkit/core/kit';
import { createTokenCheck } from '@regionkit/core/operator';
import type { Check, CheckOptions } from './checks/check.ts';
import { createCheckRegistry } from './checks/registry.ts';
import { EVENT_NAMES, type HealthEvents } from './events.ts';
import { checksOf, type Followed, type FollowOptions } from './follow.ts';
import type { Health } from './health-instance.ts';
import { checkHealthOptions, type HealthOptions } from './options.ts';
import { createPeerNotices, createSecretNotices, noticeClockSkew } from './peers/peer-notices.ts';
import { createPeerStates } from './peers/peer-states.ts';
import { createReadySignal } from './ready-signal.ts';
import { detail } from './routes/detail.ts';
import { createRoutes } from './routes/routes.ts';
import type { HealthVerdict } from './verdict/judge.ts';
import { createKeeper } from './verdict/keeper.ts';
import { createSayVerdict } from './verdict/say-verdict.ts';

const ALONE_PULSE_MS = 1_000;
/** A longer time without a pulse is a freeze. */
const LONGEST_GAP_MS = 2_000;
const NO_PEERS = 'createHealth: without peers, health.view knows of no other region: set peers.secret';
const NO_FOLLOW = 'health: other regions are told nothing of the database here: call health.follow(router)';
const FOLLOWS_ALREADY =
  'health.follow: a router is followed already, and a region has one database: give another router checks alone, with checks.router';

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
 * app.use(health.express());
 * ```
 *
 * @throws {TypeError | RangeError} An option is of the wrong type or out of range.
 */
export function createHealth<Name extends string>(options: HealthOptions<Name>): Health<Name> {
  const { regions, version, token, peers, defaults, paths, logger, clock, random } = checkHealthOptions(options);
  const events = createEvents<HealthEvents<Name>>('health', EVENT_NAMES);
  const ready = createReadySignal();
  const rank = new Map(regions.list.map(({ name }, at) => [name as string, at]));
  const ownRank = rank.get(regions.self) ?? 0;
  let closed = false;
  let follows = false;
  const notify = createNotices(logger);
  /** By code, for the detail of `/health`: the first of each. */
  const warnings: Record<string, string> = {};
  const notice: Notices = (code, message) => {
    warnings[code] ??= message;
    notify(code, message);
  };
  const say = createSayVerdict(logger, notice);

  // A region that asks to leave asks and is asked at the urgent rate. An answer older than two rounds and a timeout is
  // old.
  const freshMs = peers === undefined ? 0 : 2 * peers.urgentIntervalMs + peers.timeoutMs;
  const keeper = createKeeper({
    clock,
    guardTimes: { freshMs, settleMs: 2 * freshMs },
    neighbours: () => peerStates.neighbours(),
    isUnconfirmed: () => peerStates.isUnconfirmed(),
    better: (name) => (rank.get(name) ?? Number.POSITIVE_INFINITY) < ownRank,
    onStale: ({ name }) => events.emit('stale', { name }),
    onRelative: () => peerStates.announce(),
    onChange: (from, to) => {
      events.emit('change', { from, to });
      peerStates.tell();
      if (to.phase === 'starting') return;
      ready.set();
      if (from.accept === to.accept && from.reads === to.reads && from.writes === to.writes) return;
      peerStates.announce();
      say(to);
    },
  });
  const registry = createCheckRegistry({ keeper, self: regions.self, clock, random, defaults, events });

  const pulseMs = peers?.urgentIntervalMs ?? ALONE_PULSE_MS;
  // After a suspension the memory is intact, but everything in it may be outdated.
  const jumps = createJumpDetector(clock);
  // Both clocks may have gone on, as after SIGSTOP. The checks judge the age of their results themselves. A report of
  // another region may be from before a failover, however young it is: nothing has asked for a newer one.
  const freezes = createJumpDetector(clock, { maxGapMs: Math.max(LONGEST_GAP_MS, 4 * pulseMs) });
  /** Returns the time. Each probe does this, so each clock is read once. */
  const noticeJump = (): number => {
    const now = clock.now();
    const wallMs = clock.wallMs();
    const jumped = jumps.jumped(now, wallMs);
    if (freezes.jumped(now, wallMs)) peerStates.forget();
    if (jumped) keeper.forget();
    return now;
  };
  const verdict = (): HealthVerdict => keeper.verdict(noticeJump());

  const noticePeer = createPeerNotices(notice);
  const noticeSecret = createSecretNotices(notice);
  const peerStates = createPeerStates<Name>({
    regions,
    clock,
    random,
    peers,
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
  });
  const { view } = peerStates;

  const pulse = createPoller({
    run: () => {
      noticeJump();
      // An app without checks is judged at its first probe, not while it is still set up.
      if (keeper.checks.size > 0) {
        keeper.update();
        peerStates.tell();
      }
      peerStates.tick();
    },
    everyMs: () => pulseMs,
    clock,
    random,
  });

  const saysWrites = (): boolean => [...keeper.checks.values()].some(({ affects }) => affects.includes('writes'));

  const answer = createRoutes({
    paths,
    verdict,
    mayKnowMore: createTokenCheck(token, { option: 'createHealth: token', minBytes: 16 }),
    detail: (status) => detail(status, verdict(), keeper.checks.values(), view, version, clock.now(), warnings),
    ...(peers !== undefined && {
      document: (request: RequestView) => {
        const answer = peerStates.document(request);
        // Only a region can sign the question, so no other sender can cause this warning.
        if (answer !== undefined && !('refusal' in answer) && !follows && saysWrites())
          notice('REGIONKIT_NO_FOLLOW', NO_FOLLOW);
        return answer;
      },
    }),
  });

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
    registry.close();
    peerStates.close();
  };

  return withDoors({
    kind: 'health' as const,
    view,
    development: regions.development,
    on: events.on,
    verdict,
    check: (name: string, check: Check, checkOptions: CheckOptions = {}) => registry.add(name, check, checkOptions),
    ready: ({ signal }: { readonly signal?: AbortSignal } = {}) => {
      // Without a check it is ready at the first probe.
      verdict();
      return keptAlive(() => ready.wait(signal));
    },
    follow: (router: Followed, followOptions: FollowOptions = {}) => {
      if (follows) throw new RangeError(FOLLOWS_ALREADY);
      const added = checksOf(
        router,
        followOptions,
        (name) => keeper.checks.has(name),
        // Without peers nothing is known of other regions, and a look would warn of that.
        {
          get: (region) => (peers === undefined ? undefined : view.get(region)),
          all: () => (peers === undefined ? [] : view.list()),
          self: regions.self,
        },
      );
      follows = true;
      peerStates.follow(router);
      for (const { name, check, affects } of added) registry.add(name, check, { affects });
    },
    wake: peerStates.wake,
    drain: () => enter('draining'),
    undrain: () => enter('up'),
    close,
    [Symbol.asyncDispose]: close,
    decide: (request: RequestView): Decision => answer(request) ?? registry.observe(request),
  });
}
