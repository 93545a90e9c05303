import type { Region } from '../regions.ts';
import type { Profile } from '../schedule/choices.ts';
import type { Fault } from '../schedule/fault.ts';

/**
 * What a run writes down, one entry a line (JSONL). Times are milliseconds since the start of the run on the monotonic
 * clock of one process, the prover. Positions are decimal numbers in strings: they do not fit into a double.
 */
export type Entry =
  | RunEntry
  | OperationEntry
  | FaultEntry
  | EventEntry
  | ExitEntry
  | StallEntry
  | PauseEntry
  | RowEntry
  | ToldEntry
  | EndEntry;

/** The first line: everything the run was made from. */
export interface RunEntry {
  readonly type: 'run';
  readonly seed: number;
  readonly minutes: number;
  readonly profile: Profile;
  readonly deployment: Deployment;
  readonly mutant?: string;
  readonly node: string;
}

/** How the apps are set up. Drawn from the seed. */
export interface Deployment {
  /** What happens to a write outside the primary's region. */
  readonly writes: 'forward' | 'remote-pool' | 'reject';
  /** Whether an app can reach the databases of the other regions at all. */
  readonly pools: 'all' | 'local';
  /** Whether a store that all regions share remembers the highest epoch across a restart. */
  readonly store: boolean;
  /** Whether clients are given what they read, besides what they wrote. */
  readonly monotonicReads: boolean;
  /** Whether each region also has a name for the primary, which follows a promotion a while later. */
  readonly endpoint?: boolean;
  /** How many processes of the app each region has, behind a balancer. @default 1 */
  readonly processes?: number;
  /** Whether the app's role may read the timeline history of a server. */
  readonly readsHistory?: boolean;
  /** Whether clients now and then bring a token of another environment as well. */
  readonly strays?: boolean;
}

/** A position in the log of one history of the database, as a token carries it. */
export interface Position {
  readonly kind: 'write' | 'seen';
  readonly timeline: number;
  /** As the token names it. */
  readonly owner: string;
  readonly lsn: string;
}

/** A place at which a timeline left another. */
export interface ForkPoint {
  readonly parent: number;
  readonly child: number;
  readonly lsn: string;
}

/** What an app knew when it began to handle a request. */
export interface Knowledge {
  readonly region: Region;
  /** Which process of that region. @default 0 */
  readonly process?: number;
  /** The highest timeline that it knew; 0 for none. */
  readonly timeline: number;
  readonly state: string;
  readonly forks: readonly ForkPoint[];
}

export type WriteKind = 'set' | 'append' | 'append-slowly' | 'append-batch' | 'append-pooled' | 'once';
export type ReadKind = 'get' | 'list';
export type OperationKind = WriteKind | ReadKind | 'visit';

/**
 * What became of a request, as its client may conclude: `ok`, or the word of the answer, or `unknown` by its own
 * conclusion when there was no answer. `none`: an answer that failed and did not say.
 */
export type OperationOutcome = 'ok' | 'not-sent' | 'rolled-back' | 'rejected' | 'unknown' | 'none';

/** One request of a client, as it was seen from outside. */
export interface OperationEntry {
  readonly type: 'operation';
  /** Unique in the run; a write stores it. */
  readonly id: string;
  readonly client: string;
  /** What the client sends back of what it is given. */
  readonly carries: 'both' | 'written' | 'nothing';
  readonly kind: OperationKind;
  readonly key: string;
  readonly region: Region;
  readonly startMs: number;
  readonly endMs: number;
  /** 0: no answer. */
  readonly status: number;
  readonly outcome: OperationOutcome;
  readonly code?: string;
  /** Why there was no answer: an errno, or `timeout`; `left` if its client did not wait for it. */
  readonly failure?: string;
  readonly sent: readonly Position[];
  readonly received: readonly Position[];
  /** Of a register: how often it has been set. */
  readonly version?: number;
  /** Of `get`: the operation that set it. */
  readonly value?: string;
  /** Of `once`: its key. Several operations may have the same. */
  readonly once?: string;
  /** Of `once`: the operation whose answer it got, by the answer. */
  readonly performed?: string;
  /** Of `list`: the operations that appended to it, in order. */
  readonly entries?: readonly string[];
  /** Of a read: the timeline that the primary it was read from writes; 0 for a standby. */
  readonly written?: number;
  /** Of a read: the highest timeline that its app knew when it sent it. */
  readonly known?: number;
  /** What the answer said of an earlier write of this client. */
  readonly announced?: 'lost' | 'unknown';
  /** Of `visit`: where it was redirected to, one after the other. */
  readonly redirects?: readonly Region[];
  /** Where the answer told the client to go. */
  readonly hint?: string;
  /** Whose handler it reached. */
  readonly served?: Region;
  /** What each app that took part knew when it began. */
  readonly knew?: readonly Knowledge[];
  /** Sent after the world was repaired, to see whether all is well again. */
  readonly final?: boolean;
}

/** A promotion, as the operator saw it. */
export interface PromotionNote {
  readonly region: Region;
  readonly parent: number;
  readonly timeline: number;
  readonly fork: string;
}

/** The writes of all regions were paused. */
export interface PauseEntry {
  readonly type: 'pause';
  /** The region of the primary, and the timeline that it wrote. */
  readonly region: Region;
  readonly timeline: number;
  readonly startMs: number;
  /** Nothing was under way any more. Absent if that did not come true in time: then nothing is promised. */
  readonly drainedMs?: number;
  /** When it ends by itself, at the earliest. `startMs` if it was refused. */
  readonly untilMs: number;
  /** When a switchover or an operator ended it before. */
  readonly endedMs?: number;
  readonly restarted: readonly RestartNote[];
}

/** A process was killed, and started again. */
export interface RestartNote {
  readonly region: Region;
  readonly process: number;
  readonly killedMs: number;
  readonly listeningMs: number;
}

/** Something was done to the world. */
export interface FaultEntry {
  readonly type: 'fault';
  readonly fault: Fault;
  readonly startMs: number;
  readonly endMs: number;
  /** `refused`: the world was not as the schedule had thought, and nothing was done. */
  readonly result: 'done' | 'refused';
  readonly why?: string;
  readonly promotions?: readonly PromotionNote[];
}

/** What an app told of itself, for a reader of the history. The checker does not believe it. */
export interface EventEntry {
  readonly type: 'event';
  readonly region: Region;
  readonly atMs: number;
  readonly name: string;
  readonly payload: unknown;
}

/** An app ended by itself. */
export interface ExitEntry {
  readonly type: 'exit';
  readonly region: Region;
  readonly atMs: number;
  readonly why: string;
}

/** A process got no time of the machine: what it should have done meanwhile was late. */
export interface StallEntry {
  readonly type: 'stall';
  /** Whose process; undefined for the prover. */
  readonly region?: Region;
  readonly sinceMs: number;
  readonly ms: number;
}

/** What a data directory holds of one statement, read before it was thrown away or at the end. */
export interface RowEntry {
  readonly type: 'row';
  /** Whose data directory. */
  readonly from: Region;
  /** Whether it is the primary's at the end. */
  readonly survives: boolean;
  /** Which abandoned data directory of the run it is. A region may leave several. */
  readonly reading?: number;
  readonly operation: string;
  /** A transaction of several statements leaves several rows. */
  readonly part: number;
  readonly version?: number;
  /** The key of a write by `once()`. */
  readonly once?: string;
  /** Where and by which transaction it was first written: equal for copies that came by replication. */
  readonly timeline: number;
  readonly lsn: string;
  readonly transaction: string;
  readonly server: number;
  /** The process that sent it, such as `us/0`, and what that knew when it wrote it out; of a batch, when it made it. */
  readonly app: string;
  readonly known: number;
  readonly state: string;
}

/** What `salvage --ledger` told of an abandoned primary, right before its data was thrown away. */
export interface ToldEntry {
  readonly type: 'told';
  readonly from: Region;
  /** As in the rows of the same data directory. */
  readonly reading?: number;
  readonly startMs: number;
  /** Undefined: nothing can compare it, because it was promoted to the same timeline as the primary. */
  readonly keys?: readonly string[];
}

/** The last line: a history without one was cut short. */
export interface EndEntry {
  readonly type: 'end';
  readonly atMs: number;
  /** Which region was the primary, on which timeline. */
  readonly primary: Region;
  readonly timeline: number;
}
