import type { RegionState, RegionView } from '@regionkit/core';
import type { Clock } from '@regionkit/core/kit';
import type { LiveTopology } from './live-topology.ts';

/** Takes in what the other regions say of their databases, now and at each change. Returns how to stop. */
export function followView(view: RegionView, live: LiveTopology, clock: Clock): () => void {
  const take = (state: RegionState): void => {
    // A name that leads elsewhere may be answered by anybody.
    if (!state.identified || state.name === view.self) return;
    const { primary, forks, highest, observedAtMs } = state;
    live.take({
      type: 'document',
      region: state.name,
      ...(primary !== undefined && { primary }),
      ...(forks !== undefined && { forks }),
      ...(highest !== undefined && { highest }),
      observedAtMs,
      atMs: clock.now(),
    });
  };
  for (const state of view.list()) take(state);
  return view.subscribe(take);
}
