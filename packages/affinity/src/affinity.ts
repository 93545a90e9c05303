import { AsyncLocalStorage } from 'node:async_hooks';
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
import { createNotices, dropRejection, exposeField, keepPrivate, normaliseHost } from '@regionkit/core/kit';
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
  /** Decides from memory, synchronously. `reason` of the decision is an {@link AffinityReason}. */
  decide(request: RequestView): (NextDecision | RespondDecision) & { readonly reason: AffinityReason };
  /**
   * Makes `region` the one the client of the current request belongs to, from its next request on. Called in a handler,
   * or anywhere below it, before the head of the answer is written; the last call counts. Needs the option `pin: true`.
   *
   * @throws {RangeError} There is no such region.
   * @throws {TypeError} Called outside a request, or without `pin: true`.
   */
  pin(region: Name): void;
}

/** What a handler may ask for while its request is under way. */
interface Ticket<Name> {
  pinned: Name | undefined;
  headWritten: boolean;
}

/**
 * Keeps a client in one region by a cookie: a browser that comes in at the global name with a cookie for another region
 * is redirected there, once, and only to a region known to be well; an API client is served here with a hint.
 *
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
  warnOfWhatNeverHappens(options, given);
  const { self } = regions;
  const { name, ...cookie } = createRegionCookie(regions, options.cookie);
  const events = createEvents<AffinityEvents<Name>>('affinity', EVENT_NAMES);
  const tickets = new AsyncLocalStorage<Ticket<Name>>();
  const quietly = new Map<AffinityReason, Let>();
  const ignore = options.ignore ?? isProbePath;
  const hosts = new Set(regions.hosts);
  const renews = options.cookie.renew === 'always';

  const hostIsGlobal = (request: RequestView): boolean => {
    const host: unknown = options.host === undefined ? request.host : options.host(request);
    dropRejection(host);
    const normal = typeof host === 'string' ? normaliseHost(host) : undefined;
    return normal !== undefined && hosts.has(normal);
  };
  const stateOf = (region: Name): TargetState =>
    targetState(view?.get(region), { nowMs: clock.now(), maxViewAgeMs, trustUnknown });

  /** Puts on the answer what belongs to this client; the app's own cookie of the name, and a shared cache, come first. */
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
    // The app sends the client on: until it has arrived for good, the hop cookie keeps it from being sent here and back.
    const leavesAgain = head.status >= 300 && head.status < 400 && head.get('location').length > 0;
    for (const value of setCookies) {
      if (leavesAgain && value === cookie.clearHop) continue;
      if (setByApp && value.startsWith(own)) events.emit('cookie-skipped', { reason: 'set-by-app' });
      else head.append('Set-Cookie', value);
    }
  };

  /** What most requests get: nothing is done with the answer, and nothing is allocated. */
  const quiet = (reason: AffinityReason): Let => {
    let decision = quietly.get(reason);
    if (decision === undefined) {
      decision = Object.freeze({ action: 'next', reason });
      quietly.set(reason, decision);
    }
    return decision;
  };
  const next = (reason: AffinityReason, setCookies: readonly string[], hint?: Name): Let => {
    if (options.pin) return nextInScope(reason, setCookies, hint);
    if (setCookies.length === 0 && hint === undefined) return quiet(reason);
    return { action: 'next', reason, onHead: (head) => write(head, setCookies, hint) };
  };
  const nextInScope = (reason: AffinityReason, setCookies: readonly string[], hint: Name | undefined): Let => {
    const ticket: Ticket<Name> = { pinned: undefined, headWritten: false };
    return {
      action: 'next',
      reason,
      scope: (run) => tickets.run(ticket, run),
      onHead: (head) => {
        ticket.headWritten = true;
        const { pinned } = ticket;
        if (pinned === undefined) write(head, setCookies, hint);
        else write(head, [...setCookies.filter((value) => !value.startsWith(`${name}=`)), cookie.pin(pinned)], hint);
      },
    };
  };

  const tell = (ruling: Ruling, wanted: Name | undefined, target: TargetState): void => {
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
      const ticket = tickets.getStore();
      if (ticket === undefined) {
        throw new TypeError(
          options.pin
            ? 'affinity.pin must be called while a request is handled'
            : 'affinity.pin needs pin: true in the options of createAffinity',
        );
      }
      if (ticket.headWritten) events.emit('cookie-skipped', { reason: 'too-late' });
      else ticket.pinned = region;
    },
    decide: (request) => {
      const mode = typeof options.mode === 'function' ? options.mode(request) : options.mode;
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
      tell(ruling, known, target);

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
      // It has arrived: the next visit to the global name may be redirected again.
      if (known === self && hop === self) setCookies.push(cookie.clearHop);
      return next(ruling.reason, setCookies.length === 0 ? NOTHING : setCookies);
    },
  } satisfies AffinityDecider<Name>);
}

/** What an app has set up and will never see happen: nothing else would tell it. */
function warnOfWhatNeverHappens<Name extends string>(
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

type Let = NextDecision & { readonly reason: AffinityReason };

/** The rulings by which a guard kept a redirect back. */
const GUARDS: Partial<Record<AffinityReason, LoopGuard>> = {
  'host-not-global': 'host',
  'already-redirected': 'hop-cookie',
  'target-misnamed': 'identity',
};
