import type { Clock } from '@regionkit/core/kit';

/** Whether two queries may go out in one write to a server. */
export interface Pairing {
  /** False for a while after only the first one was answered. */
  readonly isOn: boolean;
  noteMissed(): void;
  noteAnswered(): void;
}

const FIRST_PAUSE_MS = 60_000;
const LAST_PAUSE_MS = 3_600_000;

/**
 * Some poolers answer only the first of two queries that arrive together. A slow network looks the same, so they are
 * tried again: after a minute, and after each further miss in twice that time, an hour at most. They begin with a minute
 * again once they were on for as long as the next pause would be, without a miss.
 */
export function createPairing(clock: Clock): Pairing {
  let pauseMs = FIRST_PAUSE_MS;
  let offUntilMs = Number.NEGATIVE_INFINITY;
  return {
    get isOn() {
      return clock.now() >= offUntilMs;
    },
    noteMissed: () => {
      // Several connections miss at once.
      if (clock.now() < offUntilMs) return;
      offUntilMs = clock.now() + pauseMs;
      pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
    },
    noteAnswered: () => {
      // A pair that was sent before the miss says nothing. A pooler answers many pairs before the next miss.
      if (clock.now() >= offUntilMs + pauseMs) pauseMs = FIRST_PAUSE_MS;
    },
  };
}
