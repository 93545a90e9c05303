import type { Check, Found } from './check.ts';
import type { Fleet } from './fleet.ts';
import { gapsOf } from './gaps.ts';

/** Runs one check alone. It also reports what it needs and could not examine; a run of all checks reports that once for all. */
export function findAlone({ needs, find }: Check, fleet: Fleet): readonly Found[] {
  const found = find(fleet);
  const gaps = gapsOf(fleet, needs).filter(
    ({ where }) => !found.some((one) => one.where === where && one.level === 'unknown'),
  );
  return [...found, ...gaps.map((gap): Found => ({ level: 'unknown', fix: FILL, ...gap }))];
}

const FILL =
  'Run regionkit doctor without --only: it says why, and what to do. Add to the configuration what is missing there.';
