import type { RespondDecision } from '@regionkit/core';
import type { HealthVerdict } from '../verdict/judge.ts';

/** The answers of the verdict routes, prepared in advance: a probe only reads memory. */
export type Answers = Readonly<Record<VerdictRoute, RespondDecision>>;

/**
 * `live` depends on nothing, because an orchestrator restarts a process that fails it. `ready` depends only on the life of
 * this process (https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#container-probes).
 */
export type VerdictRoute = 'health' | 'read' | 'write' | 'live' | 'ready';

/**
 * `no-store`: no cache may answer a probe
 * ([RFC 9111 section 5.2.2.5](https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.5)).
 */
export const HEAD_FIELDS: RespondDecision['headers'] = Object.freeze([
  Object.freeze(['content-type', 'application/health+json'] as const),
  Object.freeze(['cache-control', 'no-store'] as const),
]);

/**
 * Whether a route answers 200, and otherwise 503
 * ([RFC 9110 section 15.6.4](https://www.rfc-editor.org/rfc/rfc9110#section-15.6.4)). It never answers 3xx: Route 53
 * counts a redirect as healthy
 * (https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html).
 */
export function serves(route: VerdictRoute, { accept, reads, writes, phase }: HealthVerdict): boolean {
  switch (route) {
    case 'health':
    case 'read':
      return accept === 'yes' && reads !== 'fail';
    case 'write':
      // If a new check has no result yet, reads continue, but a write needs a known primary.
      return accept === 'yes' && (writes === 'pass' || writes === 'warn');
    case 'ready':
      return phase === 'up';
    case 'live':
      return true;
  }
}

/** The first word of a route's answer. It is `fail` exactly if the status is 503. */
export function word(route: VerdictRoute, verdict: HealthVerdict): 'pass' | 'warn' | 'fail' {
  if (!serves(route, verdict)) return 'fail';
  const { status, reads, writes } = verdict;
  if (route === 'health') return status;
  if (route === 'read') return reads === 'pass' ? 'pass' : 'warn';
  if (route === 'write') return writes === 'pass' ? 'pass' : 'warn';
  return 'pass';
}

function answer(route: VerdictRoute, verdict: HealthVerdict): RespondDecision {
  const { reads, writes, accept, phase } = verdict;
  const status = word(route, verdict);
  // Frozen, so that the doors check it only once.
  return Object.freeze({
    action: 'respond',
    reason: route,
    status: status === 'fail' ? 503 : 200,
    headers: HEAD_FIELDS,
    body: JSON.stringify(route === 'live' ? { status } : { status, reads, writes, accept, phase }),
  });
}

/** The verdict comes first: Route 53 searches for a word only in the first 5,120 bytes. */
export function makeAnswers(verdict: HealthVerdict): Answers {
  return {
    health: answer('health', verdict),
    read: answer('read', verdict),
    write: answer('write', verdict),
    live: answer('live', verdict),
    ready: answer('ready', verdict),
  };
}
