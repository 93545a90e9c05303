import type { RequestView, RespondDecision } from '@regionkit/core';
import type { RefusedQuestion } from '../peers/peers.ts';
import { type QuestionRefusal, REFUSED_FIELD } from '../peers/question.ts';
import type { HealthVerdict } from '../verdict/judge.ts';
import { type Answers, HEAD_FIELDS, makeAnswers, type VerdictRoute, word } from './answers.ts';
import { type RoutesByPath, routeAt } from './paths.ts';

export interface RoutesOptions {
  readonly paths: RoutesByPath;
  verdict(): HealthVerdict;
  mayKnowMore(request: RequestView): boolean;
  detail(status: 'pass' | 'warn' | 'fail'): string;
  /** Returns the document for that request, or why there is none. Left out: the route does not exist. */
  readonly document?: (request: RequestView) => { readonly body: string } | RefusedQuestion | undefined;
}

const NOT_ALLOWED: RespondDecision = {
  action: 'respond',
  reason: 'method',
  status: 405,
  headers: [
    ['allow', 'GET, HEAD'],
    ['cache-control', 'no-store'],
  ],
};

/** 4xx, so that no proxy in front of a region tries another one. */
const REFUSED: Readonly<Record<QuestionRefusal, number>> = {
  malformed: 400,
  version: 400,
  'bad-signature': 401,
  'wrong-region': 421,
  'clock-skew': 403,
  replayed: 403,
};
/** The region that asks reads the field. This is for a person. */
const OTHER_VERSION = 'Deploy the same version of @regionkit/health in all regions.';

function answerRegion(status: number, reason: string, body: string | undefined, refused?: string): RespondDecision {
  return {
    action: 'respond',
    reason,
    status,
    headers: [
      ['content-type', 'text/plain; charset=utf-8'],
      ['cache-control', 'no-store'],
      ...(refused === undefined ? [] : [[REFUSED_FIELD, refused] as const]),
    ],
    ...(body !== undefined && { body }),
  };
}

/** Answers a request at one of the health paths, from memory. Undefined for every other request. */
export function createRoutes(options: RoutesOptions): (request: RequestView) => RespondDecision | undefined {
  const { paths, verdict, mayKnowMore, detail, document } = options;
  let made: { readonly of: HealthVerdict; readonly answers: Answers } | undefined;

  const answerOf = (route: VerdictRoute): RespondDecision => {
    const current = verdict();
    if (made?.of !== current) made = { of: current, answers: makeAnswers(current) };
    return made.answers[route];
  };

  return (request) => {
    const route = routeAt(paths, request.path);
    if (route === undefined) return undefined;
    if (route === 'region' && document === undefined) return undefined;
    if (request.method !== 'GET' && request.method !== 'HEAD') return NOT_ALLOWED;
    if (route === 'region') {
      const answer = document?.(request) ?? { refusal: 'malformed' };
      if (!('refusal' in answer)) return answerRegion(200, 'region', answer.body);
      const { refusal, body = refusal === 'version' ? OTHER_VERSION : undefined } = answer;
      return answerRegion(REFUSED[refusal], refusal, body, refusal);
    }
    const answer = answerOf(route);
    if (route === 'live' || !mayKnowMore(request)) return answer;
    return { ...answer, headers: HEAD_FIELDS, body: detail(word(route, verdict())) };
  };
}
