import {
  createEvents,
  type Decider,
  type EventSource,
  type NextDecision,
  type RequestView,
  type RespondDecision,
  type ResponseHead,
  type WithDoors,
  withDoors,
} from '@regionkit/core';
import {
  createContext,
  createNotices,
  dropRejection,
  exposeField,
  keepPrivate,
  normaliseHost,
  saidYes,
} from '@regionkit/core/kit';
import { type AffinityEvents, EVENT_NAMES, type LoopGuard } from './events.ts';
import { isSafeTarget } from './location.ts';
import { type AffinityOptions, type CheckedOptions, checkOptions } from './options.ts';
import { createRegionCookie } from './region-cookie.ts';
import { isProbePath, mayRedirect, untouched } from './request-kind.ts';
import { type AffinityReason, type Ruling, rule, type TargetState } from './rule.ts';
import { targetState } from './target-state.ts';

/** What {@link createAffinity} returns: a decider with its doors, `pin`, and events. */
export type Affinity<Name extends string = string> = WithDoors<AffinityDecider<Name>>;

interface AffinityDecider<Name extends string> extends Decider, EventSource<AffinityEvents<Name>> {
  readonly kind: 'affinity';
  /**
   * Decides from memory, synchronously. The `reason` of the decision is an {@link AffinityReason}.
   *
   * @example
   * ```ts
   * const { action, reason } = affinity.decide(requestView({ headers: { Cookie: 'region=eu-west-1' } }));
   * ```
   */
  decide(request: RequestView): (NextDecision | RespondDecision) & { readonly reason: AffinityReason };
  /**
   * Assigns the client of the current request to `region`, from its next request on. Call it in a handler, or in code
   * that the handler calls, before the head of the answer is written. The last call counts. Needs the option `pin:
   * true`.
   *
   * @example
   * ```ts
   * app.post('/region', (request, response) => {
   *   affinity.pin('eu-west-1');
   *   response.end();
   * });
   * ```
   *
   * @throws {RangeError} There is no such region.
   * @throws {TypeError} It is called outside of a request, or without `pin: true`.
   */
  pin(region: Name): void;
}

/** The state of `pin` for one request. */
interface PinRequest<Name> {
  pinned: Name | undefined;
  headWritten: boolean;
}

/**
 * Keeps each client in one region with a cookie. A browser that arrives at the global host name with a cookie for
 * another region is redirected there, once, and only if that region is known to be healthy. An API client is served
 * here and gets a hint.
 *
 * @example
 * ```ts
 * const affinity = createAffinity({ regions, view: health.view, cookie: { domain: 'example.com' } });
 * app.use(affinity.express());
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong; the message names it.
 */
export function createAffinity<Name extends string>(given: AffinityOptions<Name>): Affinity<Name> {
  const options = checkOptions(given);
  const { regions, view, clock, random, trustUnknown, maxViewAgeMs } = options;
  warnOfMissingOptions(options, given);
  const { self } = regions;
  const { name, ...cookie } = createRegionCookie(regions, options.cookie);
  const events = createEvents<AffinityEvents<Name>>('affinity', EVENT_NAMES);
  const pinRequests = createContext<PinRequest<Name>>();
  const passDecisions = new Map<AffinityReason, AffinityNext>();
  const { ignore: ignores = isProbePath } = options;
  const ignore = (request: RequestView): boolean => saidYes(ignores(request));
  const hosts = new Set(regions.hosts);
  const renews = options.cookie.renew === 'always';

  const hostIsGlobal = (request: RequestView): boolean => {
    const host: unknown = options.host === undefined ? request.host : options.host(request);
    dropRejection(host);
    const normal = typeof host === 'string' ? normaliseHost(host) : undefined;
    return normal !== undefined && hosts.has(normal);
  };
  const stateOf = (region: Name): TargetState =>
    targetState(dropRejection(view?.get(region)), { nowMs: clock.now(), maxViewAgeMs, trustUnknown });

  /**
   * Adds the cookies and the hint of this client to the answer. A cookie that the app sets under the same name takes
   * precedence, and an answer for shared caches gets neither.
   */
  const write = (head: ResponseHead, setCookies: readonly string[], hint: Name | undefined): void => {
    if (setCookies.length === 0 && hint === undefined) return;
    if (!keepPrivate(head)) {
      events.emit('cookie-skipped', { reason: 'cacheable' });
      return;
    }
    if (hint !== undefined && head.get('x-region-hint').length === 0) {
      head.set('X-Region-Hint', hint);
      exposeField(head, 'X-Region-Hint');
    }
    const own = `${name}=`;
    const setByApp = setCookies.length > 0 && head.get('set-cookie').some((value) => value.trimStart().startsWith(own));
    // The app redirects the client. Until the client has arrived, the hop cookie keeps it from being redirected back
    // and forth.
    const leavesAgain = head.status >= 300 && head.status < 400 && head.get('location').length > 0;
    for (const value of setCookies) {
      if (leavesAgain && value === cookie.clearHop) continue;
      if (setByApp && value.startsWith(own)) events.emit('cookie-skipped', { reason: 'set-by-app' });
      else head.append('Set-Cookie', value);
    }
  };

  /** The decision for most requests: it leaves the answer unchanged and allocates nothing. */
  const passThrough = (reason: AffinityReason): AffinityNext => {
    let decision = passDecisions.get(reason);
    if (decision === undefined) {
      decision = Object.freeze({ action: 'next', reason });
      passDecisions.set(reason, decision);
    }
    return decision;
  };
  const next = (reason: AffinityReason, setCookies: readonly string[], hint?: Name): AffinityNext => {
    if (options.pin) return nextInScope(reason, setCookies, hint);
    if (setCookies.length === 0 && hint === undefined) return passThrough(reason);
    return { action: 'next', reason, onHead: (head) => write(head, setCookies, hint) };
  };
  const nextInScope = (reason: AffinityReason, setCookies: readonly string[], hint: Name | undefined): AffinityNext => {
    const pinRequest: PinRequest<Name> = { pinned: undefined, headWritten: false };
    return {
      action: 'next',
      reason,
      scope: (run) => pinRequests.run(pinRequest, run),
      wantsHead: () => pinRequest.pinned !== undefined || setCookies.length > 0 || hint !== undefined,
      afterHead: () => {
        pinRequest.headWritten = true;
      },
      onHead: (head) => {
        pinRequest.headWritten = true;
        const { pinned } = pinRequest;
        if (pinned === undefined) write(head, setCookies, hint);
        else write(head, [...setCookies.filter((value) => !value.startsWith(`${name}=`)), cookie.pin(pinned)], hint);
      },
    };
  };

  const emitRuling = (ruling: Ruling, wanted: Name | undefined, target: TargetState): void => {
    if (events.wants('decision')) {
      const { action, reason } = ruling;
      events.emit('decision', { action, reason, ...(wanted !== undefined && { region: wanted }) });
    }
    if (wanted === undefined || wanted === self || ruling.action !== 'serve') return;
    if (target !== 'usable') {
      events.emit('failover', { from: wanted, to: self, target, repinned: ruling.pinSelf === true });
    }
    const guard = GUARDS[ruling.reason];
    if (guard !== undefined) events.emit('loop-prevented', { guard, region: wanted });
  };

  return withDoors({
    kind: 'affinity',
    on: events.on,
    pin: (region) => {
      if (regions.get(region) === undefined) {
        throw new RangeError(
          `affinity.pin: there is no such region; there are ${regions.list.map((r) => r.name).join(', ')}`,
        );
      }
      const pinRequest = pinRequests.get();
      if (pinRequest === undefined) {
        throw new TypeError(
          options.pin
            ? 'affinity.pin must be called while a request is handled'
            : 'affinity.pin needs pin: true in the options of createAffinity',
        );
      }
      if (pinRequest.headWritten) events.emit('cookie-skipped', { reason: 'too-late' });
      else pinRequest.pinned = region;
    },
    decide: (request) => {
      const mode = typeof options.mode === 'function' ? options.mode(request) : options.mode;
      dropRejection(mode);
      const skipped = mode === 'off' ? 'off' : untouched(request, ignore);
      if (skipped !== undefined) return next(skipped, NOTHING);

      const cookies = request.header('cookie');
      const wanted = cookie.wanted(cookies);
      const known = typeof wanted === 'string' ? wanted : undefined;
      const hop = cookie.hop(cookies);
      const elsewhere = known !== undefined && known !== self;
      const target = elsewhere ? stateOf(known) : 'usable';
      const ruling = rule({
        self,
        wanted,
        target,
        mayRedirect: elsewhere && mayRedirect(request, mode),
        hostIsGlobal: elsewhere && hostIsGlobal(request),
        hopped: hop !== undefined,
        targetIsSafe: elsewhere && isSafeTarget(request.target),
        failover: options.failover,
      });
      emitRuling(ruling, known, target);

      if (ruling.action === 'redirect' && known !== undefined) {
        return {
          action: 'respond',
          reason: ruling.reason,
          status: options.redirectStatus,
          headers: [
            ['Location', regions.get(known)?.origin + request.target],
            ['Cache-Control', 'no-store'],
            ['Vary', 'Cookie, Sec-Fetch-Mode'],
            ['Set-Cookie', cookie.setHop(known, options.settleSeconds)],
          ],
        };
      }
      if (ruling.action === 'hint') return next(ruling.reason, renews ? [cookie.pin(known as Name)] : NOTHING, known);
      const setCookies: string[] = [];
      if (ruling.pinSelf === true) setCookies.push(cookie.pin(self));
      else if (renews) setCookies.push(cookie.pin(known as Name));
      if (ruling.stay === true) {
        setCookies.push(cookie.setHop(self, Math.ceil(options.settleSeconds * (1 + random()))));
      }
      // The client has arrived. Its next visit to the global host name may be redirected again.
      if (known === self && hop === self) setCookies.push(cookie.clearHop);
      return next(ruling.reason, setCookies.length === 0 ? NOTHING : setCookies);
    },
  } satisfies AffinityDecider<Name>);
}

/** Warns of options without which affinity never redirects or hints. Nothing else would show this. */
function warnOfMissingOptions<Name extends string>(
  { regions, view, mode, trustUnknown }: CheckedOptions<Name>,
  given: AffinityOptions<Name>,
): void {
  if (regions.list.length === 1 || mode === 'off') return;
  const notice = createNotices();
  if (view === undefined && !trustUnknown) {
    notice(
      'REGIONKIT_NO_VIEW',
      'createAffinity: without view nothing is known of the other regions, so no client is ever led to one: pass health.view',
    );
  }
  if (regions.hosts.length === 0 && given.mode !== 'hint') {
    notice(
      'REGIONKIT_NO_HOSTS',
      "createAffinity: without hosts in defineRegions no redirect ever starts: name the global hosts, or say mode: 'hint'",
    );
  }
}

const NOTHING: readonly string[] = Object.freeze([]);

type AffinityNext = NextDecision & { readonly reason: AffinityReason };

/** The decisions in which a guard prevented a redirect. */
const GUARDS: Partial<Record<AffinityReason, LoopGuard>> = {
  'host-not-global': 'host',
  'already-redirected': 'hop-cookie',
  'target-misnamed': 'identity',
};
