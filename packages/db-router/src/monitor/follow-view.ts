import type { RegionState, RegionView } from '@regionkit/core';
import type { Clock } from '@regionkit/core/kit';
import type { LiveTopology } from '../topology/live-topology.ts';

/** What the other regions say of their databases. */
export interface FollowedView {
  /** Takes in what was observed since. A view tells of changes: that a region still says the same is told by nobody. */
  refresh(): void;
  stop(): void;
}

/** Takes in what is known now, and each change. */
export function followView(view: RegionView, live: LiveTopology, clock: Clock): FollowedView {
  const taken = new Map<string, number>();
  const take = (state: RegionState): void => {
    // A name that leads elsewhere may be answered by anybody.
    if (!state.identified || state.name === view.self) return;
    const { primary, forks, highest, measured, measuredEpoch, observedAtMs } = state;
    taken.set(state.name, observedAtMs);
    live.take({
      type: 'document',
      region: state.name,
      ...(primary !== undefined && { primary }),
      ...(forks !== undefined && { forks }),
      ...(highest !== undefined && { highest }),
      ...(measured === true && { measured }),
      ...(measuredEpoch !== undefined && { measuredEpoch }),
      observedAtMs,
      atMs: clock.now(),
    });
  };
  const refresh = (): void => {
    for (const state of view.list()) if (state.observedAtMs !== taken.get(state.name)) take(state);
  };
  refresh();
  return { refresh, stop: view.subscribe(take) };
}
