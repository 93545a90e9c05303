/** In this order. A scenario without a promotion has no `promote`. */
export const PHASES = ['detect', 'promote', 'write', 'stable'] as const;
export type PhaseName = (typeof PHASES)[number];

/** When each phase ended, in milliseconds from the fault. */
export type Marks = Readonly<Partial<Record<PhaseName, number>>>;

export interface PhaseTime {
  readonly name: PhaseName;
  /** When it ended, from the fault. */
  readonly atMs: number;
  /** What it added: one that ended before the phase in front of it adds nothing. */
  readonly tookMs: number;
}

/** The phases of a drill, up to the first one that did not end. Pure: what they took adds up to the end of the last. */
export function phasesOf(names: readonly PhaseName[], marks: Marks): readonly PhaseTime[] {
  const phases: PhaseTime[] = [];
  let reachedMs = 0;
  for (const name of PHASES.filter((one) => names.includes(one))) {
    const markMs = marks[name];
    if (markMs === undefined) break;
    const atMs = Math.max(reachedMs, markMs);
    phases.push({ name, atMs, tookMs: atMs - reachedMs });
    reachedMs = atMs;
  }
  return phases;
}
