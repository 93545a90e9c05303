import {
  type Decider,
  type Decision,
  type NextDecision,
  type RequestView,
  rawRequest,
  type WithDoors,
  withDoors,
} from '@regionkit/core';
import { check, createNotices } from '@regionkit/core/kit';
import { judgeSeveral, tokensOf } from './credentials.ts';
import { NoSessionDoorError, type RejectionReason } from './errors.ts';
import type { Judge, Judgement } from './judge.ts';
import { createPrivateSlot } from './private-slot.ts';
import { errorOf, refuse } from './refuse.ts';
import type { Session } from './session.ts';
import type { SeveralTokens, TokenSource } from './token-source.ts';

/** The roles that a door requires: all the named ones, or any one of a list. */
export type RequiredRoles = readonly string[] | readonly [{ readonly anyOf: readonly string[] }];

export interface SessionDoors<Claims> {
  optional(): WithDoors<Decider>;
  require(...roles: RequiredRoles): WithDoors<Decider>;
  of(request: unknown): Session<Claims>;
  peek(request: unknown): Session<Claims> | undefined;
}

export interface SessionDoorsOptions<Claims> {
  readonly judge: Judge<Claims>;
  readonly from: readonly TokenSource[];
  readonly severalTokens: SeveralTokens;
  readonly realm: string;
  readonly preflight: 'pass' | 'reject';
  onRejected(reason: RejectionReason): void;
}

type SessionOutcome<Claims> = Judgement<Claims> | RejectionReason;

const SESSION: NextDecision = Object.freeze({ action: 'next', reason: 'session' });
const ANONYMOUS: NextDecision = Object.freeze({ action: 'next', reason: 'anonymous' });
const PREFLIGHT: NextDecision = Object.freeze({ action: 'next', reason: 'preflight' });

/** Makes doors that look up the session of a request once. Handlers and later doors read the same result. */
export function createSessionDoors<Claims>(options: SessionDoorsOptions<Claims>): SessionDoors<Claims> {
  const { judge, from, severalTokens, realm, preflight, onRejected } = options;
  const notice = createNotices();
  const found = createPrivateSlot<Session<Claims> | RejectionReason>();

  const findSession = (request: RequestView): SessionOutcome<Claims> | Promise<SessionOutcome<Claims>> => {
    const known = found.get(request.raw);
    if (known !== undefined) return known;
    const tokens = tokensOf(request, from);
    const [token] = tokens;
    if (token === undefined) return 'missing';
    if (tokens.length === 1) return judge(token, connectionOf(request.raw));
    return severalTokens === 'reject' ? 'ambiguous' : judgeSeveral(tokens, judge);
  };

  type Conclude = (outcome: Session<Claims> | RejectionReason, request: RequestView) => Decision;
  const settle = (outcome: Session<Claims> | RejectionReason, request: RequestView, conclude: Conclude): Decision => {
    if (typeof outcome === 'string' && outcome !== 'missing' && found.get(request.raw) === undefined)
      onRejected(outcome);
    found.set(request.raw, outcome);
    return conclude(outcome, request);
  };
  const door = (conclude: Conclude) =>
    withDoors<Decider>({
      kind: 'session',
      decide: (request) => {
        const outcome = findSession(request);
        return outcome instanceof Promise
          ? outcome.then((late) => settle(late, request, conclude))
          : settle(outcome, request, conclude);
      },
    });

  const outcomeFor = (request: unknown): Session<Claims> | RejectionReason | undefined => {
    const raw = rawRequest(request);
    return raw && found.get(raw);
  };

  return {
    optional: () => door((outcome) => (typeof outcome === 'string' ? ANONYMOUS : SESSION)),
    require: (...roles) => {
      const suffices = checkRoles(roles);
      return door((outcome, request) => {
        if (preflight === 'pass' && isPreflight(request)) return PREFLIGHT;
        if (typeof outcome === 'string') {
          if (outcome === 'missing') onRejected(outcome);
          if (isPreflight(request)) notice('REGIONKIT_PREFLIGHT', PREFLIGHT_REFUSED);
          return refuse(outcome, realm, request);
        }
        if (suffices(outcome.roles)) return SESSION;
        onRejected('role');
        return refuse('role', realm, request);
      });
    },
    of: (request) => {
      const outcome = outcomeFor(request);
      if (outcome === undefined) throw new NoSessionDoorError();
      if (typeof outcome === 'string') throw errorOf(outcome, realm);
      return outcome;
    },
    peek: (request) => {
      const outcome = outcomeFor(request);
      return typeof outcome === 'string' ? undefined : outcome;
    },
  };
}

/** The connection of a request, if it brings one request after the other: HTTP/1. */
function connectionOf(raw: object): object | undefined {
  const { httpVersionMajor, socket } = raw as { httpVersionMajor?: unknown; socket?: unknown };
  return httpVersionMajor === 1 && typeof socket === 'object' && socket !== null ? socket : undefined;
}

function checkRoles(roles: RequiredRoles): (given: ReadonlySet<string>) => boolean {
  const [first] = roles;
  if (typeof first === 'object') {
    const { anyOf } = check.object('require: roles', first, ['anyOf']);
    if (!Array.isArray(anyOf)) throw new TypeError('require: anyOf must be a list of roles');
    if (anyOf.length === 0) throw new RangeError('require: anyOf must not be empty');
    const any = anyOf.map((role) => check.string('require: anyOf', role));
    return (given) => any.some((role) => given.has(role));
  }
  const all = roles.map((role) => check.string('require: roles', role));
  return (given) => all.every((role) => given.has(role));
}

const PREFLIGHT_REFUSED =
  "require() has refused a CORS preflight: a browser sends it without credentials. Mount CORS before it. If the app answers preflights after it: preflight: 'pass' in createSessionVerifier";

/**
 * A CORS preflight: a browser sends it by itself, without credentials
 * (https://fetch.spec.whatwg.org/#cors-preflight-request). Any client can send the same, so it is no reason to let a
 * request pass.
 */
function isPreflight(request: RequestView): boolean {
  return (
    request.method === 'OPTIONS' &&
    request.header('origin').length > 0 &&
    request.header('access-control-request-method').length > 0
  );
}
