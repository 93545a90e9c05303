import type { ExitCode } from '../exit-codes.ts';

/** How bad a finding is. `unknown`: it could not be examined. `note`: worth to know, and never a fault, also with `--strict`. */
export type Level = 'fault' | 'warning' | 'unknown' | 'note';

/** What the doctor found. */
export interface Finding {
  readonly type: 'finding';
  /** Constant, such as `replay-paused`. `doctor --explain ID` tells more. */
  readonly id: string;
  readonly level: Level;
  /** What it is about: `eu-west-1/0`, `eu-west-1` or `fleet`. */
  readonly where: string;
  /** What was measured, in one sentence. */
  readonly evidence: string;
  /** What to do, in one sentence. */
  readonly fix: string;
}

/** One step of a command that does several. */
export interface Step {
  readonly type: 'step';
  readonly name: string;
  readonly where: string;
  readonly state: 'planned' | 'started' | 'done' | 'failed' | 'refused' | 'unknown';
  readonly evidence: string;
  readonly tookMs?: number;
}

/** A server, as it described itself now. */
export interface ServerState {
  readonly type: 'server';
  /** `eu-west-1/0`. */
  readonly where: string;
  /** `unknown`: it did not answer. */
  readonly role: 'writer' | 'standby' | 'unknown';
  /** Why it did not answer, in one word. */
  readonly why?: string;
  readonly timeline?: number;
  /** WAL of the writer that a standby has not received: what would be lost with the writer now. */
  readonly behindBytes?: number;
  /** WAL that a standby has received and not replayed. */
  readonly unreplayedBytes?: number;
  /** How old the newest data is that a read on the standby sees, at most. */
  readonly lagMs?: number;
}

/** A process of the app, as its operator door described it now. */
export interface ProcessState {
  readonly type: 'process';
  /** The region. */
  readonly where: string;
  /** A random name that the process has taken when it started. Absent: the door of the region did not answer. */
  readonly id?: string;
  /** `host:pid`. */
  readonly name?: string;
  /** The state of its topology: `ready`, or why it sends no write. `unknown`: the door did not answer. */
  readonly state: string;
  /** Why the door did not answer, in one word. */
  readonly why?: string;
  /** `region/node` of the primary, or its region. */
  readonly primary?: string;
  /** The timeline of the primary. */
  readonly timeline?: number;
  /** The highest timeline that it knows. */
  readonly highest?: number;
}

/** Progress, for a person who waits. It says nothing that another record does not say. */
export interface Progress {
  readonly type: 'progress';
  readonly text: string;
}

/** One line of SQL to be reviewed. */
export interface SqlLine {
  readonly type: 'sql';
  readonly text: string;
}

/** A drill has begun. */
export interface DrillStart {
  readonly type: 'drill';
  readonly id: string;
  readonly scenario: string;
  /** One sentence. */
  readonly summary: string;
  /** `local`: on the lab. `observe`: a person does the fault. `hooks`: the hooks of the configuration do it. */
  readonly mode: 'local' | 'observe' | 'hooks';
  /** It decides the times of a drill on the lab. */
  readonly seed: string;
  /** This machine's clock, in milliseconds since 1970. */
  readonly atMs: number;
  /** From the fault until everything is good again. */
  readonly objectiveMs: number;
  /** How much time lost writes may cover. */
  readonly rpoMs: number;
}

/** A phase of a drill has ended. */
export interface DrillPhase {
  readonly type: 'phase';
  readonly drill: string;
  readonly name: 'detect' | 'promote' | 'write' | 'stable';
  /** When it ended, in milliseconds from the fault. */
  readonly sinceMs: number;
  /** What it added to the phase before it. */
  readonly tookMs: number;
}

/** What a drill has shown. Times in milliseconds from the fault; absent: it did not happen. */
export interface DrillEnd {
  readonly type: 'measured';
  readonly drill: string;
  readonly scenario: string;
  /** `missed`: right, but later than the objective, or more was lost. `failed` includes a drill that measured nothing. */
  readonly verdict: 'passed' | 'missed' | 'failed' | 'unknown';
  /** Why it did not pass. */
  readonly why: readonly string[];
  /** When clients of every place had read, and had written, and when nothing went wrong any more. */
  readonly readMs?: number;
  readonly writeMs?: number;
  readonly goodMs?: number;
  readonly objectiveMs: number;
  readonly rpoMs: number;
  readonly reads: number;
  readonly writes: number;
  readonly acknowledged: number;
  readonly failedReads: number;
  readonly refusedWrites: number;
  readonly unknownWrites: number;
  /** Requests that were due and not sent, because so many had no answer yet. They are no reads and no writes. Absent: none. */
  readonly unsent?: number;
  readonly wrongReads: number;
  /** Acknowledged, and not in the primary at the end. Absent: not known. */
  readonly lostWrites?: number;
  /** How much time they cover. */
  readonly lossMs?: number;
  readonly atMs: number;
}

/** The drills of one scenario, the oldest first. */
export interface DrillTrend {
  readonly type: 'trend';
  readonly scenario: string;
  readonly drills: readonly (Pick<DrillEnd, 'drill' | 'verdict' | 'writeMs' | 'goodMs' | 'lossMs' | 'objectiveMs'> &
    Pick<DrillStart, 'atMs' | 'mode'>)[];
}

/** The last record of every run. */
export interface Result {
  readonly type: 'result';
  readonly exit: ExitCode;
  /** One sentence. */
  readonly summary: string;
}

/** A run of any command is a list of these. One renderer prints them: for a terminal, as JSON lines or as JUnit. */
export type OpsRecord =
  | Finding
  | Step
  | ServerState
  | ProcessState
  | DrillStart
  | DrillPhase
  | DrillEnd
  | DrillTrend
  | SqlLine
  | Progress
  | Result;

export type Emit = (record: OpsRecord) => void;
