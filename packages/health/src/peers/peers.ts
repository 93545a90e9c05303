import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { Region, RegionState, Regions, RequestView, Sibling } from '@regionkit/core';
import { type Clock, createRegionKeyring, type Keyring, type RegionKeyring, rareRefresh } from '@regionkit/core/kit';
import type { Neighbour } from '../verdict/guard.ts';
import { createAskedOnce } from './asked-once.ts';
import { type RegionDocument, unseal } from './document.ts';
import { createLine, isDoubtful, isSettled, type Line, wasAsked } from './line.ts';
import type { CheckedPeersOptions } from './options.ts';
import { forgotten, neighbour, type PeerReason, peerState, remember, siblings } from './peer.ts';
import { type QuestionRefusal, type RegionQuestion, sealQuestion, unsealQuestion } from './question.ts';
import { type Answer, fetchTransport, nodeTransport, type Transport } from './transport.ts';
import { sealTime, unsealTime } from './wall-time.ts';

/** The other regions, and the other processes of this one: asked in turn and remembered. */
export interface Peers<Name extends string> {
  /** Returns the question in `request`, if it may be answered, and the keyring that signs the answer. */
  question(request: RequestView): { readonly question: RegionQuestion; readonly keyring: Keyring } | RefusedQuestion;
  get(name: string): RegionState<Name> | undefined;
  /** The newest report of each other process of this region, and whether this region was asked since the last `forget()`. */
  own(): { readonly asked: boolean; readonly siblings: readonly Sibling[] };
  /** The other regions, in the form that the mass-ejection guard uses. */
  neighbours(): readonly Neighbour[];
  /**
   * Asks every region that is due. Each gets one request at a time.
   *
   * @param news every question says that this region has a change: a process that is asked may not know of it yet
   */
  tick(urgent: boolean, news: boolean): void;
  /** Asks every region now, and tells each that this one has changed. */
  announce(): void;
  /** Asks every region that was not asked just now. */
  wake(): void;
  /** That region reports a change. Ask it, unless it was asked just now. */
  heardFrom(name: string): void;
  /** What was known is stale until a region answers again. */
  forget(): void;
  close(): void;
}

/** A question that gets no document, with the text of the answer if there is one. */
export interface RefusedQuestion {
  readonly refusal: QuestionRefusal;
  readonly body?: string;
}

export interface PeersHooks<Name extends string> {
  readonly regions: Regions<Name>;
  readonly clock: Clock;
  readonly random: () => number;
  /** The name of this process: it recognises its own answers by it. */
  readonly process: string;
  /** A request to `name` ended. Called before the states that it changed are emitted. */
  onAnswer(name: Name, reason: PeerReason, durationMs: number): void;
  /** The verified document of a region. */
  onDocument(document: RegionDocument): void;
  /** The wall clocks of that region and this one differ by more than questions allow. */
  onClockSkew(name: Name, aheadMs: number): void;
  /** The state of a region may have changed, through an answer or through time. */
  onChange(name: Name): void;
}

const MAX_BYTES = 32_768;
/**
 * A balancer gives questions to the own region back to this process. It asks so often before it counts as alone: with two
 * processes behind the balancer, one start in 32 does not meet the other one at once.
 */
const MAX_OWN_ANSWERS = 5;

export function createPeers<Name extends string>(
  options: CheckedPeersOptions<Name>,
  { regions, clock, random, process, onAnswer, onDocument, onClockSkew, onChange }: PeersHooks<Name>,
): Peers<Name> {
  const { secret, intervalMs, urgentIntervalMs, timeoutMs } = options;
  const keyring = (purpose: string): RegionKeyring =>
    createRegionKeyring({ option: 'createHealth: peers.secret', secrets: secret, self: regions.self, purpose });
  const documents = keyring('region-document');
  const questions = keyring('region-question');
  const transport: Transport =
    options.fetch === undefined ? nodeTransport(clock, options.agent) : fetchTransport(clock, options.fetch);
  const url = options.url ?? (({ origin }: Region<Name>) => `${origin}/health/region`);
  const all = regions.list.map((region) => createLine(region, url(region), clock.now()));
  /** The origin of this region: its other processes answer there, and this one. */
  const own = all.find(({ region }) => region.name === regions.self);
  const lines = new Map<string, Line<Name>>(all.filter((line) => line !== own).map((line) => [line.region.name, line]));
  const askedOnce = createAskedOnce(regions.list.map(({ name }) => name));
  const refreshSecret = rareRefresh(clock, () => documents.refresh());
  let closed = false;
  /** Every process behind an origin should get to know something. */
  let spreads = false;

  /** Why a region gave no document. It may have sent its time first. */
  const refusedBy = (line: Line<Name>, { body, refusal }: Answer, nonce: string, answers: Keyring): PeerReason => {
    if (refusal === 'clock-skew') {
      const wallMs = unsealTime(body, nonce, answers);
      if (wallMs === undefined) return 'bad-signature';
      line.clockAheadMs = wallMs - clock.wallMs();
      return refusal;
    }
    if (refusal === 'wrong-region') {
      // Another region answers at this URL. Nothing may be sent there from now on.
      line.memory = forgotten(line.memory, clock.now());
      return refusal;
    }
    return refusal === 'malformed' || refusal === 'version' || refusal === 'replayed' ? refusal : 'status';
  };

  const askOnce = async (line: Line<Name>): Promise<PeerReason> => {
    const { name } = line.region;
    const { news } = line;
    // Also if nothing can be asked: what is not told now would otherwise be tried again at once, for ever.
    line.news = false;
    const [asks, answers] = [questions.between(name), documents.between(name)];
    // There is no key for it here any more. Nothing from it is accepted.
    if (asks === undefined || answers === undefined) {
      line.memory = forgotten(line.memory, clock.now());
      line.settledAskedAtMs = line.askedAtMs;
      return 'bad-signature';
    }
    const nonce = randomBytes(16).toString('base64url');
    const atMs = Math.max(0, Math.round(clock.wallMs() + line.clockAheadMs));
    const headers = sealQuestion({ from: regions.self, to: name, atMs, nonce, news: news || spreads }, asks);
    const { era } = line;
    // During a pause every process must be asked, and not only the one at the end of a kept connection.
    const isFresh = line === own || spreads;
    const answer = await transport.ask({ url: line.url, headers, timeoutMs, maxBytes: MAX_BYTES, isFresh });
    if (answer === 'refused') refreshSecret();
    if (typeof answer === 'string') return answer;
    if (answer.refusal !== undefined) return refusedBy(line, answer, nonce, answers);
    const document = unseal(answer.body, nonce, answers);
    if (document === 'bad-signature') refreshSecret();
    if (typeof document === 'string') return document;
    if (line.era !== era) return 'timeout';
    if (document.region !== name) {
      line.memory = forgotten(line.memory, clock.now());
      return 'wrong-region';
    }
    if (line === own) {
      const isBack = document.process === process;
      line.ownAnswers = isBack ? line.ownAnswers + 1 : MAX_OWN_ANSWERS;
      if (isBack || document.process === undefined) return 'ok';
    } else onDocument(document);
    line.memory = remember(line.memory, document, line.askedAtMs, options);
    return 'ok';
  };

  /** Asks once more with the time of the other region, if the clocks differ. */
  const look = async (line: Line<Name>): Promise<PeerReason> => {
    const { news } = line;
    const reason = await askOnce(line);
    if (reason !== 'clock-skew' || closed) return reason;
    onClockSkew(line.region.name, line.clockAheadMs);
    line.news ||= news;
    return askOnce(line);
  };

  /** The own region has not answered in this era but by this process, and another process may be behind its balancer. */
  const hasMetItselfOnly = (line: Line<Name>, reason: PeerReason): boolean =>
    line === own && !wasAsked(line) && reason === 'ok' && line.ownAnswers > 0 && line.ownAnswers < MAX_OWN_ANSWERS;

  // The request outlives its cause, for example a request to the app, whose context must not be kept in memory.
  const outside = AsyncLocalStorage.snapshot();
  const ask = (line: Line<Name>): void => outside(begin, line);
  const begin = (line: Line<Name>): void => {
    const { era } = line;
    line.asking = true;
    line.askedAtMs = clock.now();
    line.nextAtMs = line.askedAtMs + intervalMs * (0.9 + 0.2 * random());
    void look(line)
      .catch((): PeerReason => 'malformed')
      .then((reason) => {
        line.asking = false;
        if (closed) return;
        onAnswer(line.region.name, reason, clock.now() - line.askedAtMs);
        if (hasMetItselfOnly(line, reason)) return ask(line);
        // An answer to a question of before `forget()` is thrown away, so that question settles nothing.
        if (line.era === era && isSettled(reason)) line.settledAskedAtMs = line.askedAtMs;
        const isNew = line.endedEra !== era;
        line.endedEra = era;
        line.doubtful = line !== own && isDoubtful(line.memory, reason);
        // The state of the own region is told with the verdict of this process; but a router that starts waits for this one.
        if (line !== own || isNew) onChange(line.region.name);
        // A change that came while the request was running.
        if (line.news) ask(line);
      });
  };

  const askDue = (line: Line<Name>): void => {
    line.cancelSoon = undefined;
    if (!line.asking && !closed && clock.now() >= line.nextAtMs) ask(line);
  };

  /** Now, or one urgent interval after the last request: nothing from outside can make this process ask more often. */
  const askSoon = (line: Line<Name>): void => {
    if (closed) return;
    const waitMs = line.askedAtMs + urgentIntervalMs - clock.now();
    line.nextAtMs = Math.min(line.nextAtMs, clock.now() + Math.max(0, waitMs));
    if (waitMs > 0) line.cancelSoon ??= outside(() => clock.schedule(() => askDue(line), waitMs));
    else if (!line.asking) ask(line);
  };

  return {
    question: (request) => {
      const question = unsealQuestion(request, regions.self, questions.between);
      if (question === 'bad-signature') refreshSecret();
      if (typeof question === 'string') return { refusal: question };
      const keyring = documents.between(question.from);
      if (keyring === undefined) return { refusal: 'bad-signature' };
      const nowMs = clock.wallMs();
      const refusal = askedOnce.refusal(question, nowMs);
      if (refusal === undefined) return { question, keyring };
      return { refusal, ...(refusal === 'clock-skew' && { body: sealTime(nowMs, question.nonce, keyring) }) };
    },
    get: (name) => {
      const line = lines.get(name);
      if (line === undefined) return undefined;
      const state = peerState(line.region, line.memory, clock.now(), options);
      return { ...state, ...(wasAsked(line) && { asked: true }), askedAtMs: line.settledAskedAtMs };
    },
    own: () => ({
      asked: own !== undefined && wasAsked(own),
      siblings: own === undefined ? [] : siblings(own.memory, clock.now(), options),
    }),
    neighbours: () => [...lines].map(([name, { memory }]) => neighbour(name, memory, clock.now(), options)),
    tick: (urgent, news) => {
      spreads = news;
      const now = clock.now();
      // While the primary is silent, its successor should become known at once.
      const hurry = urgent || [...lines.values()].some(({ doubtful }) => doubtful);
      for (const line of all) {
        const due = now >= line.nextAtMs || (hurry && now - line.askedAtMs >= urgentIntervalMs * 0.5);
        if (due && !line.asking && !closed) ask(line);
        if (line !== own) onChange(line.region.name);
      }
    },
    announce: () => {
      for (const line of lines.values()) {
        line.news = true;
        if (!line.asking && !closed) ask(line);
      }
    },
    wake: () => {
      for (const line of all) askSoon(line);
    },
    heardFrom: (name) => {
      const line = all.find(({ region }) => region.name === name);
      if (line !== undefined) askSoon(line);
    },
    forget: () => {
      for (const line of all) {
        line.memory = forgotten(line.memory, clock.now());
        line.nextAtMs = clock.now();
        line.era += 1;
        line.ownAnswers = 0;
      }
    },
    close: () => {
      closed = true;
      for (const { cancelSoon } of all) cancelSoon?.();
      transport.close();
    },
  };
}
