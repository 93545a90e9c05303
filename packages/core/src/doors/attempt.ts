import { validateHeaderName, validateHeaderValue } from 'node:http';
import type { Decider, Decision, NextDecision, RequestView, RespondDecision } from '../http/decision.ts';
import { reportFailure } from './failure.ts';
import { isFrozen } from './frozen.ts';
import { noteOrder } from './order.ts';

const CONTINUE: NextDecision = { action: 'next', reason: 'decider-failed' };

/** The answer to a request that can neither pass nor be forwarded. */
export const UNAVAILABLE: RespondDecision = {
  action: 'respond',
  reason: 'decider-failed',
  status: 503,
  headers: [
    ['Retry-After', '1'],
    ['Cache-Control', 'no-store'],
    ['Content-Type', 'application/problem+json'],
  ],
  body: '{"type":"about:blank","title":"Service Unavailable","status":503}',
};

/** Runs a decider. Never throws and never rejects: a failure becomes the default decision of its kind. */
export function attempt(decider: Decider, request: RequestView): Decision | Promise<Decision> {
  try {
    const decision = decider.decide(request);
    if (isPromise(decision)) {
      noteOrder(decider, request.raw, false);
      return attemptLater(decider, decision);
    }
    const { action } = checked(decision);
    noteOrder(decider, request.raw, action === 'respond');
    return decision;
  } catch (error) {
    return failed(decider, error);
  }
}

function attemptLater(decider: Decider, late: Promise<Decision>): Promise<Decision> {
  const onFailure = (error: unknown): Decision => failed(decider, error);
  return late.then(checked, onFailure).catch(onFailure);
}

function failed({ kind }: Decider, error: unknown): Decision {
  reportFailure('decide', error);
  return kind === 'session' || kind === 'gate' ? UNAVAILABLE : CONTINUE;
}

/** RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5. */
const BODILESS = new Set([204, 205, 304]);

/** Decisions that passed the check and can never change. */
const vetted = new WeakSet<RespondDecision>();

/**
 * Returns `decision` if its head can be sent, or else the answer to send instead. A frozen decision is checked only
 * once.
 */
export function sendable(decision: RespondDecision): RespondDecision {
  if (vetted.has(decision)) return decision;
  try {
    const { status, body } = decision;
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new RangeError('the status of an answer must be from 200 to 599');
    }
    if (body !== undefined && BODILESS.has(status)) throw new RangeError(`an answer of ${status} has no body`);
    for (const [name, value] of decision.headers) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
    if (isFrozen(decision)) vetted.add(decision);
    return decision;
  } catch (error) {
    reportFailure('respond', error);
    return UNAVAILABLE;
  }
}

function checked(decision: Decision): Decision {
  const action = decision?.action;
  if (action !== 'next' && action !== 'respond' && action !== 'proxy') {
    throw new TypeError('decide must return a decision: next, respond or proxy');
  }
  return decision;
}

export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Promise<T> | undefined)?.then === 'function';
}
