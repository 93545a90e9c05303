/** What was measured: a sentence, and the values in it. */
export interface Evidence {
  readonly says: string;
  readonly [fact: string]: unknown;
}

export type StepState = 'started' | 'done' | 'failed' | 'refused' | 'unknown';

/** One line of a run file. */
export interface RunLine {
  readonly step: string;
  readonly state: StepState;
  /** This machine's clock, in milliseconds since 1970. */
  readonly atMs: number;
  readonly evidence: Evidence;
}

const STATES: readonly string[] = ['started', 'done', 'failed', 'refused', 'unknown'] satisfies StepState[];

/** Undefined if the text is not a line of a run file. */
export function readLine(text: string): RunLine | undefined {
  let line: Partial<RunLine> | null;
  try {
    line = JSON.parse(text) as Partial<RunLine> | null;
  } catch {
    return undefined;
  }
  const { step, state, atMs, evidence } = line ?? {};
  const isLine =
    typeof step === 'string' &&
    STATES.includes(state as string) &&
    Number.isFinite(atMs) &&
    typeof evidence?.says === 'string';
  return isLine ? (line as RunLine) : undefined;
}
