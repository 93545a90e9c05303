import { createRandom } from '../random.ts';
import { REGIONS } from '../regions.ts';
import { choices, PROFILES, type Profile } from './choices.ts';
import type { Fault } from './fault.ts';
import { after, beginning, recovery, type World } from './world.ts';

/** One fault and when it is due, in milliseconds from the start of the run. */
export interface Due {
  readonly atMs: number;
  readonly fault: Fault;
}

export interface Schedule {
  readonly seed: number;
  readonly profile: Profile;
  readonly faults: readonly Due[];
  /** What brings everything back at the end. */
  readonly recovery: readonly Fault[];
}

export const EVENTS_PER_MINUTE = 40;
/** In how many places of the schedule a pause with all that belongs to it fits: a history takes no longer for it. */
const PLACES_OF_PAUSE = 6;
/** The apps get to know each other before anything happens to them. */
const QUIET_MS = 2_000;

/** What happens in the run of this seed: the same each time. */
export function makeSchedule({
  seed,
  minutes,
  profile,
}: {
  readonly seed: number;
  readonly minutes: number;
  /** @default drawn from the seed */
  readonly profile?: Profile | undefined;
}): Schedule {
  const random = createRandom(`schedule ${seed}`);
  const drawn = random.pick(PROFILES);
  const chosen = profile ?? drawn;
  const everyMs = 60_000 / EVENTS_PER_MINUTE;
  const count = Math.max(1, Math.round(minutes * EVENTS_PER_MINUTE));
  const faults: Due[] = [];
  let world: World = beginning(REGIONS[0]);
  for (let index = 0; index < count; ) {
    const fault = random.weighted(choices(world, chosen, random));
    faults.push({ atMs: Math.round(QUIET_MS + (index + 0.6 * (random.next() - 0.5)) * everyMs), fault });
    world = after(world, fault);
    index += fault.kind === 'pause' ? PLACES_OF_PAUSE : 'restart' in fault ? PLACES_OF_PAUSE / 2 : 1;
  }
  return { seed, profile: chosen, faults, recovery: recovery(world) };
}
