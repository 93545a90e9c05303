import type { DatabaseReport, Epoch, EpochVoid, Fork, WritePause } from './database.ts';
import { createListeners } from './kit/listeners.ts';
import type { Regions } from './regions.ts';

/** A verdict about one capability. `unknown` counts neither as good nor as bad. */
export type Verdict = 'pass' | 'warn' | 'fail' | 'unknown';

/** What is known now about one region. */
export interface RegionState<Name extends string = string> {
  readonly name: Name;
  readonly origin: string;
  /** Whether it can serve reads. */
  readonly reads: Verdict;
  /** Whether it can complete a write, in its own database or by forwarding. */
  readonly writes: Verdict;
  /** Whether it should get new traffic. */
  readonly accept: 'yes' | 'draining' | 'no' | 'unknown';
  /** Its own answer named it as this region. This guards against a DNS name that leads elsewhere. */
  readonly identified: boolean;
  /**
   * Time of the observation on the monotonic clock of this process (`performance.now()`); -Infinity: never observed.
   */
  readonly observedAtMs: number;
  /** Present if that region has measured its own database as a primary. */
  readonly primary?: { readonly epoch: Epoch; readonly position: bigint };
  /** The forks that the region knows. */
  readonly forks?: readonly Fork[];
  /** The highest epoch that the region knows. It fences primaries, but never confirms one. */
  readonly highest?: Epoch;
  /**
   * True if its own database has answered it. Its `highest` is then more than a repetition of other regions. False: its
   * database does not answer. Absent: it does not know yet.
   */
  readonly measured?: boolean;
  /** The highest epoch that a database showed to that region itself. It confirms what another region alone claims. */
  readonly measuredEpoch?: Epoch;
  /**
   * Milliseconds for which a process of that region had known an accepted primary, at the time of its report. Absent:
   * no process has known one, so all are new.
   */
  readonly acceptedForMs?: number;
  /**
   * True after this process has asked that region once since it started or was suspended, whether the region answered
   * or not. In the state of the own region: whether its other processes were asked; absent if the view asks none. A
   * router writes only after that: a view that gives `asked` for its own region must give it for the others too.
   */
  readonly asked?: boolean;
  /**
   * When this process sent its last question to that region that is over, answered or not. An error status of something
   * in front of the region, such as 503 of a gateway, ends no question. On the monotonic clock of this
   * process; -Infinity: none is over. With it the router knows, after the process was suspended, whether a report is from
   * before that. Absent: the view does not say it.
   */
  readonly askedAtMs?: number;
  /** Only in the state of the own region: the newest report of each of its other processes. */
  readonly siblings?: readonly Sibling[];
  /** Each process of the region that is known, if one of them reports a pause of the writes. */
  readonly pauses?: readonly ProcessPause[];
  /** The epochs that operators declared void, as the processes of the region report them. */
  readonly voids?: readonly EpochVoid[];
}

/** The report of one process of a region about a pause of the writes. */
export interface ProcessPause {
  /** A random name that the process takes when it starts; empty in a version without one. */
  readonly process: string;
  /** Absent: it knows of no pause. */
  readonly pause?: WritePause;
  /** When it was asked, on the monotonic clock of this process. */
  readonly observedAtMs: number;
}

/** Another process of the own region. */
export interface Sibling {
  /** A random name that the process takes when it starts. */
  readonly process: string;
  readonly database: DatabaseReport;
  /** When it was asked, on the monotonic clock of this process. */
  readonly observedAtMs: number;
}

/**
 * What is known now about each region. Synchronous; answers from memory. Health makes it; affinity, the write gate and
 * the router read it. Use {@link staticView} without health.
 */
export interface RegionView<Name extends string = string> {
  readonly self: Name;
  /**
   * Returns what is known of one region. Undefined if there is no region of that name.
   *
   * @example
   * ```ts
   * const primaryHere = health.view.get('eu-west-1')?.primary !== undefined;
   * ```
   */
  get(name: string): RegionState<Name> | undefined;
  /**
   * Returns all regions in the order of the definition.
   *
   * @example
   * ```ts
   * const serving = health.view.list().filter(({ reads }) => reads === 'pass');
   * ```
   */
  list(): readonly RegionState<Name>[];
  /**
   * Calls `listener` after each change of a state, until the returned function is called.
   *
   * @example
   * ```ts
   * const stop = health.view.subscribe(({ name, reads }) => console.log(`${name}: reads ${reads}`));
   * ```
   */
  subscribe(listener: (state: RegionState<Name>) => void): () => void;
}

/** Returns the state of a region of which nothing is known. */
export function unknownRegion<Name extends string>(region: {
  readonly name: Name;
  readonly origin: string;
}): RegionState<Name> {
  return {
    name: region.name,
    origin: region.origin,
    reads: 'unknown',
    writes: 'unknown',
    accept: 'unknown',
    identified: false,
    observedAtMs: Number.NEGATIVE_INFINITY,
  };
}

/** Makes a view that never changes and knows only the map of regions. */
export function staticView<Name extends string>(regions: Regions<Name>): RegionView<Name> {
  const { get, list, self } = fakeView(regions);
  return { self, get, list, subscribe: () => () => {} };
}

/** A view for unit tests. Every region is unknown until {@link FakeView.set} is called. */
export interface FakeView<Name extends string = string> extends RegionView<Name> {
  /**
   * Merges `state` into the state of `name`, and calls the subscribers in the order of subscription.
   *
   * @example
   * ```ts
   * const view = fakeView(regions);
   * view.set('eu-west-1', { reads: 'pass', identified: true });
   * ```
   */
  set(name: Name, state: Partial<Omit<RegionState<Name>, 'name' | 'origin'>>): void;
}

/**
 * Makes a view for unit tests.
 *
 * @example
 * ```ts
 * const view = fakeView(regions);
 * view.set('eu-west-1', { reads: 'pass', accept: 'yes', identified: true });
 * ```
 */
export function fakeView<Name extends string>(regions: Regions<Name>): FakeView<Name> {
  const states = new Map<string, RegionState<Name>>(regions.list.map((region) => [region.name, unknownRegion(region)]));
  const { add, notify } = createListeners<RegionState<Name>>();
  return {
    self: regions.self,
    get: (name) => states.get(name),
    list: () => [...states.values()],
    subscribe: add,
    set: (name, patch) => {
      const known = states.get(name);
      if (known === undefined) throw new RangeError(`fakeView: there is no region ${JSON.stringify(name)}`);
      const state = { ...known, ...patch };
      states.set(name, state);
      notify(state);
    },
  };
}
