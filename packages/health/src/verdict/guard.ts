/**
 * The mass-ejection guard: relative failures (latency, lag, a busy loop) take a region out of rotation one at a time,
 * and never the last one.
 *
 * A region whose relative checks fail first says so in its document (`asking`), keeps serving for `settleMs`, and leaves
 * (`out`) only while it knows of another region that serves and is itself neither asking nor out. Knowledge
 * counts for `freshMs`. Since `settleMs` is twice `freshMs`, whoever relies on a region would have heard that region ask
 * before it could leave; so however the polls are lost, delayed or partitioned, somebody stays. Regions that hear each
 * other leave one at a time: one that is out stops the others, and of two that ask the better-ranked goes first. The
 * rank is the order of the map, the same everywhere.
 */
export type Relative = 'in' | 'asking' | 'out';

/** What is known of another region, as far as the guard is concerned. */
export interface Neighbour {
  readonly name: string;
  /** New traffic would be served there: its `/health` answers 200. */
  readonly served: boolean;
  readonly relative: Relative;
  /** The document says how things were no earlier than this, on the clock of `nowMs`. */
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

/** The guard's next state. `better` tells whether a region of that name is ranked before this one. */
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
