import type { Epoch, WritePause } from '@regionkit/core';

/** The longest pause that a process obeys, whatever it was told. */
export const MAX_PAUSE_MS = 60_000;
/** After a pause, writes flow for this many times as long before another one is obeyed. */
const REST_FACTOR = 2;
const MAX_ENDED = 16;

/** A pause that this process obeys. */
export interface Pause {
  readonly id: string;
  readonly epoch: Epoch;
  /** The region that ordered it. */
  readonly region: string;
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** A pause that has ended in this process. */
export interface EndedPause {
  readonly id: string;
  readonly epoch: Epoch;
  readonly by: PauseEnd;
  readonly atMs: number;
}

/** What ends a pause. `switched`: a higher epoch is known, or another primary. */
export type PauseEnd = 'switched' | 'resumed' | 'expired';

export interface PauseState {
  readonly current: Pause | undefined;
  /** Pauses that have ended, the newest first. None of them begins again. */
  readonly ended: readonly EndedPause[];
  /** No other pause is obeyed before. */
  readonly restUntilMs: number;
}

/** What is known of the primary, and when. */
export interface PauseWorld {
  readonly primary: { readonly region: string; readonly epoch: Epoch } | undefined;
  readonly highest: Epoch | undefined;
  readonly atMs: number;
}

/** What a process of `region` said of a pause, in the answer to a question of `observedAtMs`. */
export interface ToldPause {
  readonly region: string;
  readonly pause: Pick<WritePause, 'id' | 'epoch' | 'leftMs'>;
  readonly observedAtMs: number;
}

export const NO_PAUSE: PauseState = { current: undefined, ended: [], restUntilMs: Number.NEGATIVE_INFINITY };

/**
 * The state after a process said something of a pause. A pause is obeyed if it comes from the region of the primary and
 * was ordered for the epoch in force. It never lasts longer here than there: its time counts from the question.
 */
export function hearPause(
  state: PauseState,
  { region, pause, observedAtMs }: ToldPause,
  world: PauseWorld,
): PauseState {
  const { id, epoch, leftMs } = pause;
  const { current } = state;
  if (state.ended.some((known) => known.id === id)) return state;
  if (current !== undefined) {
    return current.id === id && current.region === region && leftMs <= 0
      ? endPause(state, 'resumed', world.atMs)
      : state;
  }
  const { primary, atMs } = world;
  if (primary?.region !== region || !isSameTimeline(epoch, primary.epoch) || isOutranked(epoch, world)) return state;
  if (leftMs <= 0) return { ...state, ended: remember(state, { id, epoch, by: 'resumed', atMs }) };
  const untilMs = observedAtMs + Math.min(leftMs, MAX_PAUSE_MS);
  if (atMs < state.restUntilMs || untilMs <= atMs) return state;
  return { ...state, current: { id, epoch, region, sinceMs: atMs, untilMs } };
}

/** What ends the current pause now. Undefined: nothing. */
export function pauseEnd({ current }: PauseState, world: PauseWorld): PauseEnd | undefined {
  if (current === undefined) return undefined;
  const { primary } = world;
  if (isOutranked(current.epoch, world)) return 'switched';
  if (primary !== undefined && !isSameTimeline(current.epoch, primary.epoch)) return 'switched';
  return world.atMs >= current.untilMs ? 'expired' : undefined;
}

/** The state after the end of the current pause. */
export function endPause(state: PauseState, by: PauseEnd, atMs: number): PauseState {
  const { current } = state;
  if (current === undefined) return state;
  return {
    current: undefined,
    ended: remember(state, { id: current.id, epoch: current.epoch, by, atMs }),
    restUntilMs: atMs + REST_FACTOR * (atMs - current.sinceMs),
  };
}

function remember({ ended }: PauseState, last: EndedPause): PauseState['ended'] {
  return [last, ...ended].slice(0, MAX_ENDED);
}

/** Another database says nothing of this one. */
function isOutranked({ system, timeline }: Epoch, { highest }: PauseWorld): boolean {
  return highest !== undefined && highest.system === system && highest.timeline > timeline;
}

/** Two processes may name one owner differently. A timeline with two owners has no primary. */
function isSameTimeline(left: Epoch, right: Epoch): boolean {
  return left.system === right.system && left.timeline === right.timeline;
}
