import type { Epoch, Fork } from './database.ts';
import { createAudience } from './kit/audience.ts';
import type { Regions } from './regions.ts';

/** A verdict about one capability. `unknown` is never good news and never bad news. */
export type Verdict = 'pass' | 'warn' | 'fail' | 'unknown';

/** What is known, now, about one region. */
export interface RegionState<Name extends string = string> {
  readonly name: Name;
  readonly origin: string;
  /** Whether it can serve reads. */
  readonly reads: Verdict;
  /** Whether it can get a write done: itself, or by forwarding it. */
  readonly writes: Verdict;
  /** Whether new traffic should go there. */
  readonly accept: 'yes' | 'draining' | 'no' | 'unknown';
  /** Its own answer named itself as this region: the guard against a DNS name that leads elsewhere. */
  readonly identified: boolean;
  /** When this was observed, on this process's monotonic clock (`performance.now()`); -Infinity for never. */
  readonly observedAtMs: number;
  /** Its database is a primary, measured by that region itself. */
  readonly primary?: { readonly epoch: Epoch; readonly position: bigint };
  /** Forks that region knows. */
  readonly forks?: readonly Fork[];
  /** The highest epoch that region has heard of: fences, never names a primary. */
  readonly highest?: Epoch;
  /** Its own database has answered it: `highest` then shows that it knows of nothing higher, and is no echo. */
  readonly measured?: boolean;
  /** How long a process of that region had known a real primary when it said so. Absent: none has, all are new. */
  readonly acceptedForMs?: number;
}

/**
 * What is known, now, about each region: synchronous, from memory. Health makes it; affinity, the write gate and the
 * router read it; {@link staticView} serves who has no health.
 */
export interface RegionView<Name extends string = string> {
  readonly self: Name;
  get(name: string): RegionState<Name> | undefined;
  /** In the order of the definition. */
  list(): readonly RegionState<Name>[];
  /** Calls `listener` after a state has changed, until the returned function is called. */
  subscribe(listener: (state: RegionState<Name>) => void): () => void;
}

/** The state of a region nobody has heard of. */
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

/** A view that never changes and claims to know nothing but the map itself. */
export function staticView<Name extends string>(regions: Regions<Name>): RegionView<Name> {
  const { get, list, self } = fakeView(regions);
  return { self, get, list, subscribe: () => () => {} };
}

/** A view for unit tests: every region unknown until {@link FakeView.set} says otherwise. */
export interface FakeView<Name extends string = string> extends RegionView<Name> {
  /** Merges `state` into what is known of `name` and tells the subscribers, in the order they came. */
  set(name: Name, state: Partial<Omit<RegionState<Name>, 'name' | 'origin'>>): void;
}

/**
 * ```ts
 * const view = fakeView(regions);
 * view.set('eu-west-1', { reads: 'pass', accept: 'yes', identified: true });
 * ```
 */
export function fakeView<Name extends string>(regions: Regions<Name>): FakeView<Name> {
  const states = new Map<string, RegionState<Name>>(regions.list.map((region) => [region.name, unknownRegion(region)]));
  const { join, tell } = createAudience<RegionState<Name>>();
  return {
    self: regions.self,
    get: (name) => states.get(name),
    list: () => [...states.values()],
    subscribe: join,
    set: (name, patch) => {
      const known = states.get(name);
      if (known === undefined) throw new RangeError(`fakeView: there is no region ${JSON.stringify(name)}`);
      const state = { ...known, ...patch };
      states.set(name, state);
      tell(state);
    },
  };
}
