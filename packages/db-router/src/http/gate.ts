import {
  createEvents,
  type Decider,
  type Decision,
  type EventSource,
  isRegionKitError,
  type RequestView,
  type ResponseHead,
  rawRequest,
  type WithDoors,
  withDoors,
} from '@regionkit/core';
import { createRegionKeyring, dropRejection, type RegionKeyring } from '@regionkit/core/kit';
import type { PrimaryLocation } from '../gate-seam.ts';
import { type AnswerKind, signAnswer } from './answer-mark.ts';
import { IS_WRITE, returned } from './app-function.ts';
import type { Client } from './client.ts';
import { ForwardError } from './errors.ts';
import { EVENT_NAMES, type WriteGateEvents } from './events.ts';
import { createForwarder, type Forwarder } from './forward.ts';
import { createHopReader, HOP_FIELD, type Hop, type HopVerdict, isForHere, peerOf } from './hop.ts';
import { isSafe, readsData } from './methods.ts';
import { checkOptions, type WriteGateOptions } from './options.ts';
import { answerOf } from './problem.ts';
import { loopHere, misdirectedHere, noPrimaryHere, notPrimaryHere, refusedHere } from './refusals.ts';
import { type GateReason, ruleWrite } from './ruling.ts';
import { createServing, type Served } from './serving.ts';
import { takesNoWrites } from './takes-no-writes.ts';
import { createTokenFields } from './token-fields.ts';
import { countForward } from './write-count.ts';

/** Made by {@link createWriteGate}. It decides what happens to a request, has a door for each framework, and emits events. */
export type WriteGate<Name extends string = string> = WithDoors<WriteGateDecider<Name>>;

interface WriteGateDecider<Name extends string> extends Decider, EventSource<WriteGateEvents<Name>>, AsyncDisposable {
  readonly kind: 'gate';
  /**
   * Decides what happens to a request: let it pass, answer, or forward it. Synchronous, unless a write waits for a
   * primary, or a read waits for a standby. The `reason` of the decision is a {@link GateReason}. Carry it out at once, and
   * call its `onDone` at the end: a pause of the writes waits for it.
   *
   * @example
   * ```ts
   * const { action, reason } = await gate.decide(requestView({ method: 'POST', target: '/orders' }));
   * ```
   */
  decide(request: RequestView): Decision | Promise<Decision>;
  /**
   * Returns what a valid hop mark says about a request. Takes the request or context of any framework. Undefined for a
   * request that was not forwarded.
   *
   * @example
   * ```ts
   * app.use((request, response, next) => {
   *   const hop = gate.hop(request);
   *   if (hop !== undefined) console.log(`forwarded by ${hop.from}`);
   *   next();
   * });
   * ```
   */
  hop(request: unknown): Hop | undefined;
  /**
   * Returns the number of running forwards, in total and by region.
   *
   * @example
   * ```ts
   * console.log(`${gate.stats().inFlight} forwards are running`);
   * ```
   */
  stats(): { readonly inFlight: number };
  /**
   * Starts no more forwards. Resolves when the running ones have ended.
   *
   * @example
   * ```ts
   * await gate.close();
   * ```
   */
  close(): Promise<void>;
}

/** One request that the gate decides about. */
interface Asked extends Served {
  /** A write, or a read that only the primary's region can serve. */
  readonly forPrimary: boolean;
  readonly mark: HopVerdict | undefined;
  readonly startedAtMs: number;
  /** Set for a request that waits. Its connection may have ended when it is forwarded. */
  readonly client?: Client;
}

/**
 * Makes the write gate. Mount it before the handlers in every region. It opens the causality scope of each request. If
 * the primary is in another region, it forwards a write there (policy `forward`), or refuses it and names that region
 * (`reject`).
 *
 * @example
 * ```ts
 * const gate = createWriteGate({ router, forward: { secret }, token: { cookie: { domain: 'example.com' } } });
 * app.use(gate.express()); // before any body parser
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong; the message names it.
 */
export function createWriteGate<Name extends string>(options: WriteGateOptions<Name>): WriteGate<Name>;
export function createWriteGate<Name extends string>(
  given: WriteGateOptions<Name>,
  ...more: readonly unknown[]
): WriteGate<Name> {
  const { router, view, clock, retryAfterSeconds, forward, token, isWrite } = checkOptions(given, more);
  const { self, gate } = router;
  gate.noteGate?.();
  const events = createEvents<WriteGateEvents<Name>>('gate', EVENT_NAMES);
  const serving = createServing(gate, createTokenFields(token));
  const loop = loopHere(self);
  const misdirected = misdirectedHere(self);

  let keyring: RegionKeyring | undefined;
  let answers: RegionKeyring | undefined;
  let forwarder: Forwarder | undefined;
  const failed = (error: ForwardError): void => {
    events.emit('forward-failed', { error });
    // Neither what a client has done nor what ends by itself.
    if (error.status === 502 || error.code === 'ERR_FORWARD_UNREACHABLE') {
      gate.notice?.('REGIONKIT_FORWARD_FAILED', error.message);
    }
  };
  if (forward !== undefined) {
    const option = 'createWriteGate: forward.secret';
    keyring = createRegionKeyring({ option, secrets: forward.secret, self, purpose: 'hop v1' });
    answers = createRegionKeyring({ option, secrets: forward.secret, self, purpose: 'hop answer v1' });
    const marks = keyring;
    gate.shareSecret?.('forward', (peer) => marks.between(peer)?.fingerprints() ?? []);
    forwarder = createForwarder({
      router,
      options: forward,
      keyring,
      answers,
      clock,
      retryAfterSeconds,
      watch: { forwarded: (answer) => events.emit('forwarded', answer), failed },
    });
  }
  const hops = createHopReader({ self, keyring, maxAgeMs: forward?.maxHopAgeMs ?? 0, clock });

  const readMark = (request: RequestView, values: readonly string[]): HopVerdict => {
    const verdict = hops.read(request, values);
    const valid = verdict.mark === 'valid' ? verdict.claims : undefined;
    if (valid?.epoch !== undefined) gate.learnEpoch(valid.epoch, 'hop', valid.from);
    events.emit('hop', { mark: verdict.mark, ...(valid !== undefined && { from: valid.from }) });
    return verdict;
  };

  const isPaused = (): boolean => gate.isPaused?.() === true;

  const refuse = (error: ForwardError, reason: GateReason): Decision => ({
    action: 'respond',
    reason,
    ...answerOf(error),
  });

  /** Undefined: there is no primary. */
  const decideBy = (asked: Asked, primary: PrimaryLocation<Name> | undefined): Decision | undefined => {
    const { request, write, forPrimary, mark, startedAtMs, client } = asked;
    const ruling = ruleWrite({
      self,
      policy: router.writes,
      write: forPrimary,
      primary: primary?.region,
      marked: mark !== undefined,
      markedBySelf: mark?.mark === 'own',
    });
    switch (ruling.action) {
      case 'hold':
        return undefined;
      case 'serve':
        return serving.serve(asked, ruling.reason);
      case 'turn-back':
        if (ruling.reason === 'loop') return loop;
        return isForHere(mark) ? notPrimaryHere : misdirected;
      case 'reject':
        return refusedHere(request, { self, region: ruling.to, retryAfterSeconds });
      case 'forward': {
        if (takesNoWrites(dropRejection(view?.get(ruling.to)), clock.now())) {
          const error = new ForwardError(REGION_DOWN, { self, region: ruling.to, retryAfterSeconds });
          failed(error);
          return refuse(error, 'region-down');
        }
        const { epoch } = primary as PrimaryLocation<Name>;
        const onUnknown = (head: ResponseHead): void => serving.issueUnknown(request, epoch, head);
        const asked = { view: request, client, to: ruling.to, startedAtMs, write, ...(write && { onUnknown }) };
        const decision = (forwarder as Forwarder).decide(asked);
        if (decision instanceof ForwardError) return refuse(decision, 'malformed');
        return write && gate.beginForward !== undefined
          ? countForward(decision, () => gate.beginForward?.())
          : decision;
      }
    }
  };

  const hold = async (given: Asked): Promise<Decision> => {
    const client = given.client ?? forwarder?.clientOf(given.request);
    const asked = client === undefined ? given : { ...given, client };
    const { signal, method } = asked.request;
    if (events.wants('hold')) events.emit('hold', { method });
    const waiting = new AbortController();
    const stop = (): void => waiting.abort();
    // The forwarding region waits no longer than this.
    const cancel = asked.mark?.mark === 'valid' ? clock.schedule(stop, asked.mark.claims.deadlineMs) : undefined;
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    const { isNew } = asked;
    const wasPaused = isNew && isPaused();
    try {
      const primary = await gate.locatePrimary({ signal: waiting.signal, isNew });
      // The pause was announced, so its time is not taken from the time for the forward.
      return decideBy(wasPaused ? { ...asked, startedAtMs: clock.now() } : asked, primary) as Decision;
    } catch (error) {
      if (!isRegionKitError(error)) throw error;
      return noPrimaryHere(self, error);
    } finally {
      cancel?.();
      signal.removeEventListener('abort', stop);
    }
  };

  const writes = (request: RequestView): boolean => {
    const said = returned('isWrite', isWrite?.(request), IS_WRITE);
    return said ?? !isSafe(request.method);
  };

  /** Tells the forwarding region that a gate has answered, and not something on the way. */
  const marked = (decision: Decision, [mark, ...more]: readonly string[]): Decision => {
    if (mark === undefined || more.length > 0 || decision.action === 'proxy') return decision;
    const kind: AnswerKind = decision === notPrimaryHere ? 'turned-back' : 'answered';
    const value = signAnswer(answers?.between(peerOf(mark, self) ?? ''), kind, mark, self);
    if (value === undefined) return decision;
    if (decision.action === 'respond') return { ...decision, headers: [...decision.headers, [HOP_FIELD, value]] };
    const onHead = (head: ResponseHead): void => {
      head.set(HOP_FIELD, value);
      decision.onHead?.(head);
    };
    return { ...decision, wantsHead: () => true, onHead };
  };
  const told = (decision: Decision, marks: readonly string[]): Decision => {
    if (events.wants('decision')) events.emit('decision', { reason: decision.reason as GateReason });
    return marks.length === 0 ? decision : marked(decision, marks);
  };
  const close = async (): Promise<void> => {
    await forwarder?.close();
  };

  return withDoors({
    kind: 'gate',
    on: events.on,
    hop: (request) => hops.of(rawRequest(request)),
    stats: () => ({ inFlight: forwarder?.inFlight ?? 0 }),
    close,
    [Symbol.asyncDispose]: close,
    decide: (request) => {
      const values = request.header(HOP_FIELD);
      const mark = values.length === 0 ? undefined : readMark(request, values);
      // Sign only an answer to a valid mark: made by a known region, for this region and this request.
      const marks = isForHere(mark) ? values : NO_MARKS;
      // The forwarding region may run another version of the app. Its view of the request (read or write) counts.
      const write = mark?.mark === 'valid' ? mark.claims.write : writes(request);
      const scope = write ? undefined : serving.openScope(request, write);
      // With the other policies the router reads over the WAN, or reports that it cannot.
      const mayBeAway = router.writes === 'forward' && mark === undefined && readsData(request.method);
      const isAway = (mayBeAway && scope?.needsPrimary()) || false;
      // A read never waits here: its handler may not query the database at all. The router waits for those that do.
      if (!write && isAway === false) {
        const isNew = false;
        return told(serving.serve({ request, write, scope, isNew }, 'read'), marks);
      }
      const startedAtMs = clock.now();
      const go = (isAway: boolean, client?: Client): Decision | Promise<Decision> => {
        const primary = gate.primaryNow();
        const forPrimary = write || (isAway && primary !== undefined);
        const isNew = write && mark?.mark !== 'valid';
        const known = { request, write, scope, forPrimary, isNew, mark, startedAtMs };
        const asked = client === undefined ? known : { ...known, client };
        // What this region refuses anyway, another region may hold.
        const isHeld = isNew && isPaused() && !(router.writes === 'reject' && primary?.region !== self);
        const decision = isHeld ? undefined : decideBy(asked, primary);
        return decision === undefined ? hold(asked).then((late) => told(late, marks)) : told(decision, marks);
      };
      if (typeof isAway === 'boolean') return go(isAway);
      const client = forwarder?.clientOf(request);
      return isAway.then((late) => go(late, client));
    },
  } satisfies WriteGateDecider<Name>);
}

const NO_MARKS: readonly string[] = [];
const REGION_DOWN = {
  code: 'ERR_FORWARD_REGION_DOWN',
  outcome: 'not-sent',
  proxyError: 'destination_unavailable',
} as const;
