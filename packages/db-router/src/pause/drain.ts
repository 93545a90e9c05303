import type { ProcessPause } from '@regionkit/core';

/** What a pause still waits for. */
export interface PauseWait<Name extends string = string> {
  readonly region: Name;
  /** Absent: the whole region, or a process of it that has not answered. */
  readonly process?: string;
  /**
   * `no-answer`: no process of the region, or fewer than there are, could be asked. `not-paused`: it does not hold new
   * writes, because it does not know of the pause yet, or has a version without pauses. `under-way`: it has writes that
   * have not ended, or must be asked once more.
   */
  readonly why: 'no-answer' | 'not-paused' | 'under-way';
  readonly underWay: number;
}

/** The answers of one region: one for each process that answered. */
export interface RegionAnswers<Name extends string> {
  readonly region: Name;
  readonly processes: readonly ProcessPause[];
  /** How many processes there are, this one not counted. Undefined: unknown. */
  readonly expected: number | undefined;
}

/** How far a pause is. */
export interface Drain<Name extends string> {
  readonly underWay: number;
  readonly waitingFor: readonly PauseWait<Name>[];
}

/**
 * Judges the answers of a region that is not the primary's. A process there that holds new writes and has none under way
 * stays so: no other region sends it writes.
 */
export function judgeRegion<Name extends string>({ region, processes, expected }: RegionAnswers<Name>): Drain<Name> {
  const waits = processes.flatMap((answer) => waitFor(region, answer));
  const isMissing = processes.length < (expected ?? 1);
  return {
    underWay: processes.reduce((sum, { pause }) => sum + (pause?.underWay ?? 0), 0),
    waitingFor: isMissing ? [...waits, { region, why: 'no-answer', underWay: 0 }] : waits,
  };
}

/**
 * Judges the other processes of the primary's region. Until every process elsewhere has nothing under way, a forwarded
 * write may still arrive. So only what they say after that moment counts.
 *
 * @param quietSinceMs since when nothing is under way elsewhere. Undefined: something is
 */
export function judgeSiblings<Name extends string>(
  { region, processes, expected = 0 }: RegionAnswers<Name>,
  quietSinceMs: number | undefined,
): Drain<Name> {
  const judged = judgeRegion({ region, processes, expected });
  const isEarly = ({ observedAtMs }: ProcessPause): boolean =>
    observedAtMs < (quietSinceMs ?? Number.POSITIVE_INFINITY);
  const again = processes
    .filter((answer) => isDrained(answer.pause) && isEarly(answer))
    .map(({ process }) => ({ region, process, why: 'under-way', underWay: 0 }) as const);
  return { underWay: judged.underWay, waitingFor: [...judged.waitingFor, ...again] };
}

function waitFor<Name extends string>(region: Name, { process, pause }: ProcessPause): readonly PauseWait<Name>[] {
  if (isDrained(pause)) return [];
  const why = pause === undefined || pause.leftMs <= 0 ? 'not-paused' : 'under-way';
  return [{ region, process, why, underWay: pause?.underWay ?? 0 }];
}

function isDrained(pause: ProcessPause['pause']): boolean {
  return pause !== undefined && pause.leftMs > 0 && pause.underWay === 0;
}
