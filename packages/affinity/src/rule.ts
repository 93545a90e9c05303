/** What affinity does with a request. `leave`: it ignores the request. */
export type AffinityAction = 'leave' | 'serve' | 'hint' | 'redirect';

/** Why. The set is closed; the same string is used in the event and as label of a metric. */
export type AffinityReason =
  | 'off'
  | 'preflight'
  | 'upgrade'
  | 'ignored'
  | 'hop'
  | 'not-origin-form'
  | 'assigned'
  | 'cookie-unknown'
  | 'cookie-conflict'
  | 'home'
  | 'redirect'
  | 'hint'
  | 'target-draining'
  | 'target-down'
  | 'target-unknown'
  | 'target-misnamed'
  | 'host-not-global'
  | 'already-redirected'
  | 'unsafe-target';

/** The state of the region in a cookie. Only `usable` regions are redirect targets. */
export type TargetState = 'usable' | 'draining' | 'down' | 'unknown' | 'misnamed';

/** The input of the rule, read from the request and the view. */
export interface Facts<Name extends string> {
  readonly self: Name;
  /** The region in the cookie, or why there is none. */
  readonly wanted: Name | { readonly none: 'assigned' | 'cookie-unknown' | 'cookie-conflict' };
  /** The state of the wanted region, if it is another one. */
  readonly target: TargetState;
  /** True for a top-level navigation that can follow a redirect, if the mode allows redirects. */
  readonly mayRedirect: boolean;
  /** First guard: the request came in under a global host name. The second guard is `target`. */
  readonly hostIsGlobal: boolean;
  /** Third guard: the client was redirected, or failed over, a moment ago. */
  readonly hopped: boolean;
  /** The request target may follow an origin in `Location`. */
  readonly targetIsSafe: boolean;
  readonly failover: 'temporary' | 'sticky';
}

/** The result of the rule. */
export interface Ruling {
  readonly action: 'serve' | 'hint' | 'redirect';
  readonly reason: AffinityReason;
  /** Write the region cookie with this region. */
  readonly pinSelf?: true;
  /** Keep the client here for a while, so that a flapping region does not move it back and forth. */
  readonly stay?: true;
}

const HOME: Ruling = { action: 'serve', reason: 'home' };
const HINT: Ruling = { action: 'hint', reason: 'hint' };
const REDIRECT: Ruling = { action: 'redirect', reason: 'redirect' };
const NOT_GLOBAL: Ruling = { action: 'serve', reason: 'host-not-global' };
const REDIRECTED: Ruling = { action: 'serve', reason: 'already-redirected' };
const UNSAFE: Ruling = { action: 'serve', reason: 'unsafe-target' };

/** The whole policy of affinity, as one pure function. The loop model in the tests runs it. */
export function rule<Name extends string>(facts: Facts<Name>): Ruling {
  const { wanted, target } = facts;
  if (typeof wanted !== 'string') return { action: 'serve', reason: wanted.none, pinSelf: true };
  if (wanted === facts.self) return HOME;
  if (target !== 'usable') return failOver(facts, target);
  if (!facts.mayRedirect) return HINT;
  if (!facts.hostIsGlobal) return NOT_GLOBAL;
  if (facts.hopped) return REDIRECTED;
  return facts.targetIsSafe ? REDIRECT : UNSAFE;
}

function failOver<Name extends string>(facts: Facts<Name>, target: Exclude<TargetState, 'usable'>): Ruling {
  const ruling: Ruling = { action: 'serve', reason: `target-${target}` };
  // A region of unknown state keeps its clients. Only a region that is known to be down or draining loses them.
  const gone = target === 'down' || target === 'draining';
  if (facts.failover === 'sticky' && gone) return { ...ruling, pinSelf: true };
  return facts.mayRedirect && facts.hostIsGlobal && !facts.hopped && gone ? { ...ruling, stay: true } : ruling;
}
