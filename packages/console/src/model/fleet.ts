/** What the doors of a setup said. The console sends it to the page, and the page shows it. */
export interface Fleet {
  /** When it was collected, in milliseconds since 1970. */
  readonly atMs: number;
  readonly regions: readonly RegionDoor[];
  readonly drill?: Drill;
}

/** The operator doors behind one address. */
export interface RegionDoor {
  readonly name: string;
  /** Why no process is connected now. */
  readonly why?: DoorSilence;
  readonly processes: readonly ProcessState[];
}

/** Why a door gives nothing. */
export type DoorSilence =
  | 'not-asked'
  | 'wrong-token'
  | 'no-door'
  | 'full'
  | 'refused'
  | 'timed-out'
  | 'no-such-host'
  | 'tls'
  | 'lost';

/** What one process knows, as far as it is shown. */
export interface ProcessState {
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  readonly region: string;
  /** How long ago it said this. */
  readonly silentMs: number;
  /** Its stream has ended, and no other one leads to it. */
  readonly isGone?: boolean;
  /** How it treats writes that arrive in another region. */
  readonly writes: string;
  /** `ready`, or why it sends no writes. */
  readonly state: string;
  readonly primary?: { readonly region: string; readonly node?: string; readonly timeline: number };
  /** The highest timeline that it knows. */
  readonly highest?: number;
  readonly nodes: readonly NodeState[];
  readonly verdict?: { readonly reads: string; readonly writes: string; readonly accept: string };
  readonly sees: readonly SeenRegion[];
  readonly pause?: { readonly leftMs: number; readonly underWay: number };
  readonly voids: readonly Void[];
  /** Writes that wait for a primary now. */
  readonly holding: number;
}

/** One database server, as one process sees it. */
export interface NodeState {
  readonly id: string;
  readonly region: string;
  readonly state: string;
  /** 0: not known. */
  readonly timeline: number;
  readonly position: string;
  readonly lagMs?: number;
  readonly code?: string;
}

/** A region, as health of one process sees it. */
export interface SeenRegion {
  readonly name: string;
  readonly reads: string;
  readonly writes: string;
  readonly accept: string;
}

/** What an operator declared void. */
export interface Void {
  readonly id: string;
  readonly epochs: readonly { readonly timeline: number; readonly owner: string }[];
}

/** A drill that runs, or that has ended. Times count from its fault. */
export interface Drill {
  readonly scenario: string;
  readonly summary: string;
  /** `preparing`, `running`, or its verdict. */
  readonly state: string;
  readonly objectiveMs: number;
  /** Absent before the fault, and after the drill. */
  readonly sinceFaultMs?: number;
  readonly phases: readonly {
    readonly name: string;
    /** `waiting`, `running` or `done`. */
    readonly state: string;
    /** When it ended. */
    readonly atMs?: number;
  }[];
  /** How many requests it has sent so far, and what came of them. */
  readonly counts: readonly { readonly name: string; readonly count: number }[];
}

/** Something that happened in one process. */
export interface FleetEvent {
  /** Counts from 1 in the console. */
  readonly id: number;
  /** By the clock of the process. */
  readonly atMs: number;
  readonly region: string;
  /** The id of the process. */
  readonly process: string;
  readonly source: string;
  readonly name: string;
  readonly text: string;
  /** So many equal ones are in this one. */
  readonly times: number;
  /** The first of them, if that is another one. */
  readonly first?: { readonly id: number; readonly atMs: number };
}
