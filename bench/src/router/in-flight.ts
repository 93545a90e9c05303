import { withMainThread } from '../main-thread.ts';
import { callsInFlight } from '../sample.ts';
import type { Contender } from '../trial.ts';

/** A contender that always has so many calls under way. */
export const inFlight =
  (count: number) =>
  (name: string, call: (place: number) => Promise<unknown>): Contender => ({
    name,
    measure: (ms) => withMainThread(() => callsInFlight(call, ms, count)),
  });
