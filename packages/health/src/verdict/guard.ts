/**
 * The mass-ejection guard. Relative failures (latency, lag, a busy event loop) remove one region at a time from
 * rotation, and never the last one.
 *
 * A region whose relative checks fail first reports this in its document (`asking`) and keeps serving for `settleMs`.
 * It leaves (`out`) only while it knows another region that serves and is itself neither asking nor out. Knowledge
 * counts for `freshMs`. `settleMs` is twice `freshMs`, so a region that relies on another one would have seen it ask
 * before it could leave. Even if requests are lost, delayed or partitioned, one region stays. Regions that reach each
 * other leave one at a time: a region that is out stops the others, and of two that ask the one with the better rank
 * leaves first. The rank is the order of the map, which is the same everywhere.
 */
export type Relative = 'in' | 'asking' | 'out';

/** What the guard needs to know of another region. */
export interface Neighbour {
  readonly name: string;
  /** It would serve new traffic: its `/health` answers 200. */
  readonly served: boolean;
  readonly relative: Relative;
  /** The document describes a state not older than this, on the clock of `nowMs`. */
  readonly observedAtMs: number;
}

export interface GuardTimes {
  readonly freshMs: number;
  readonly settleMs: number;
}

export type GuardState =
  | { readonly relative: 'in' }
  | { readonly relative: 'asking'; readonly sinceMs: number }
  | { readonly relative: 'out' };

/** The next state of the guard. `better`: whether the region of that name has a better rank than this one. */
export function guard(
  state: GuardState,
  asks: boolean,
  neighbours: readonly Neighbour[],
  better: (name: string) => boolean,
  nowMs: number,
  { freshMs, settleMs }: GuardTimes,
): GuardState {
  if (!asks) return { relative: 'in' };
  const known = neighbours.filter(({ observedAtMs }) => nowMs - observedAtMs <= freshMs);
  const replaced = known.some(({ served, relative }) => served && relative === 'in');
  if (state.relative === 'out') {
    const yields = known.some(({ name, relative }) => relative === 'out' && better(name));
    return replaced && !yields ? state : { relative: 'asking', sinceMs: nowMs };
  }
  const sinceMs = state.relative === 'asking' ? state.sinceMs : nowMs;
  const othersFirst = known.some(({ name, relative }) => relative === 'out' || (relative === 'asking' && better(name)));
  return replaced && !othersFirst && nowMs - sinceMs >= settleMs
    ? { relative: 'out' }
    : { relative: 'asking', sinceMs };
}
