import { integer, type OptionCheck } from '@regionkit/core/kit';

/** Node runs a timer with a longer delay at once. */
const LONGEST_TIMER_MS = 2_147_483_647;

/** A time in milliseconds. Without `max` it is one that a timer can wait. */
export function milliseconds(byDefault: number, min = 0, max: number = LONGEST_TIMER_MS): OptionCheck<number> {
  return integer(byDefault, { min, max });
}
