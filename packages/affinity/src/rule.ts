/** What affinity does with a request. `leave` means that it was not looked at. */
export type AffinityAction = 'leave' | 'serve' | 'hint' | 'redirect';

/** Why. A closed set: the same string goes to the event and to a metric's label. */
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

/** What is known of a region that a cookie names. Only `usable` is ever redirected to. */
export type TargetState = 'usable' | 'draining' | 'down' | 'unknown' | 'misnamed';

/** Everything the rule depends on, read from the request and the view. */
export interface Facts<Name extends string> {
  readonly self: Name;
  /** The region the cookie names, or why it names none. */
  readonly wanted: Name | { readonly none: 'assigned' | 'cookie-unknown' | 'cookie-conflict' };
  /** Of the wanted region, when it is another one. */
  readonly target: TargetState;
  /** A top-level navigation that a redirect cannot harm, where the mode allows one. */
  readonly mayRedirect: boolean;
  /** The first guard: the request came in under a global host name. */
  readonly hostIsGlobal: boolean;
  /** The third guard: the client was redirected, or failed over, a moment ago. The second is `target`. */
  readonly hopped: boolean;
  /** The request target can stand behind an origin in `Location`. */
  readonly targetIsSafe: boolean;
  readonly failover: 'temporary' | 'sticky';
}

/** What the rule says. */
export interface Ruling {
  readonly action: 'serve' | 'hint' | 'redirect';
  readonly reason: AffinityReason;
  /** Write the region cookie, naming this region. */
  readonly pinSelf?: true;
  /** Ask the client to stay for a while, so that a region that flaps does not toss it to and fro. */
  readonly stay?: true;
}

const HOME: Ruling = { action: 'serve', reason: 'home' };
const HINT: Ruling = { action: 'hint', reason: 'hint' };
const REDIRECT: Ruling = { action: 'redirect', reason: 'redirect' };
const NOT_GLOBAL: Ruling = { action: 'serve', reason: 'host-not-global' };
const REDIRECTED: Ruling = { action: 'serve', reason: 'already-redirected' };
const UNSAFE: Ruling = { action: 'serve', reason: 'unsafe-target' };

/** The whole policy, as one pure function: the loop model in the tests runs over it. */
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
  // Not known is no reason to move anybody for good: only a region that is known to be down or leaving loses its clients.
  const gone = target === 'down' || target === 'draining';
  if (facts.failover === 'sticky' && gone) return { ...ruling, pinSelf: true };
  return facts.mayRedirect && facts.hostIsGlobal && !facts.hopped && gone ? { ...ruling, stay: true } : ruling;
}
