import { type DatabaseReport, type RegionState, type Regions, type RegionView, unknownRegion } from '@regionkit/core';
import { createListeners } from '@regionkit/core/kit';
import type { HealthVerdict } from '../verdict/judge.ts';

/** The view, and how its subscribers are notified. */
export interface ToldView<Name extends string> {
  readonly view: RegionView<Name>;
  /** Notifies the subscribers about `name`, if its state differs from the last one they got. */
  tell(name: string): void;
}

export function createView<Name extends string>(
  regions: Regions<Name>,
  look: (name: Name) => RegionState<Name>,
): ToldView<Name> {
  const listeners = createListeners<RegionState<Name>>();
  const told = new Map<string, RegionState<Name>>(regions.list.map((region) => [region.name, unknownRegion(region)]));
  const get = (name: string): RegionState<Name> | undefined => {
    const region = regions.get(name);
    return region && look(region.name);
  };
  return {
    view: {
      self: regions.self,
      get,
      list: () => regions.list.map(({ name }) => look(name)),
      subscribe: listeners.add,
    },
    tell: (name) => {
      const state = get(name);
      const before = told.get(name);
      if (state === undefined || before === undefined || same(before, state)) return;
      told.set(name, state);
      listeners.notify(state);
    },
  };
}

/** This region's state, from its own verdict and its own database report. */
export function ownState<Name extends string>(
  region: { readonly name: Name; readonly origin: string },
  { reads, writes, accept }: HealthVerdict,
  report: DatabaseReport | undefined,
  nowMs: number,
): RegionState<Name> {
  const { role, epoch, position, forks, highest, measured, measuredEpoch, acceptedForMs } = report ?? {};
  return {
    name: region.name,
    origin: region.origin,
    reads,
    writes,
    accept,
    identified: true,
    observedAtMs: nowMs,
    ...(role === 'primary' && epoch !== undefined && position !== undefined && { primary: { epoch, position } }),
    ...(forks !== undefined && { forks }),
    ...(highest !== undefined && { highest }),
    ...(measured !== undefined && { measured }),
    ...(measuredEpoch !== undefined && { measuredEpoch }),
    ...(acceptedForMs !== undefined && { acceptedForMs }),
  };
}

/** Whether two states are equal except for their age. A primary's new position makes a difference. */
function same(one: RegionState, other: RegionState): boolean {
  return (
    one.reads === other.reads &&
    one.writes === other.writes &&
    one.accept === other.accept &&
    one.identified === other.identified &&
    one.measured === other.measured &&
    (one.acceptedForMs === undefined) === (other.acceptedForMs === undefined) &&
    one.primary?.position === other.primary?.position &&
    sameEpoch(one.primary?.epoch, other.primary?.epoch) &&
    sameEpoch(one.highest, other.highest) &&
    sameEpoch(one.measuredEpoch, other.measuredEpoch) &&
    one.forks?.length === other.forks?.length &&
    one.voids?.map(({ id }) => id).join() === other.voids?.map(({ id }) => id).join() &&
    one.asked === other.asked &&
    one.siblings?.length === other.siblings?.length &&
    one.siblings?.[0]?.observedAtMs === other.siblings?.[0]?.observedAtMs &&
    samePauses(one.pauses, other.pauses)
  );
}

/** Each answer counts, because it says when it was asked. */
function samePauses(one: RegionState['pauses'], other: RegionState['pauses']): boolean {
  return one?.length === other?.length && one?.[0]?.observedAtMs === other?.[0]?.observedAtMs;
}

export function sameEpoch(one: DatabaseReport['epoch'], other: DatabaseReport['epoch']): boolean {
  return (
    one?.timeline === other?.timeline &&
    one?.owner === other?.owner &&
    one?.system === other?.system &&
    one?.server === other?.server
  );
}
