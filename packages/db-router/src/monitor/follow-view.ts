import type { RegionState, RegionView, Sibling } from '@regionkit/core';
import { type Clock, dropRejection } from '@regionkit/core/kit';
import type { LiveTopology } from '../topology/live-topology.ts';

/** What the other regions, and the other processes of this one, say of their databases. */
export interface FollowedView {
  /** Applies what was observed since the last call. A view reports only changes, so unchanged reports must be read. */
  refresh(): void;
  /**
   * Whether each region but the reached ones was asked after `atMs`, and has not answered, or has answered after it
   * probed its own database. True for a view that does not say when it asks.
   */
  isHeardSince(atMs: number, isReached: (region: string) => boolean): boolean;
  stop(): void;
}

/** Whether the view asks the other processes of this region, and says when it has. A view that throws says nothing. */
export function asksSiblings(view: RegionView): boolean {
  try {
    return dropRejection(view.get(view.self))?.asked !== undefined;
  } catch {
    return false;
  }
}

/** Applies what is known now, and each change. */
export function followView(
  view: RegionView,
  live: LiveTopology,
  clock: Clock,
  hearPause: (state: RegionState) => void,
): FollowedView {
  const taken = new Map<string, number>();
  const asked = new Set<string>();
  let siblings: readonly Sibling[] = [];

  const takeDocument = (state: RegionState): void => {
    // Behind a name that leads elsewhere any server may answer.
    if (!state.identified || state.name === view.self) return;
    const { primary, forks, highest, measured, measuredEpoch, voids, observedAtMs } = state;
    taken.set(state.name, observedAtMs);
    live.apply({
      type: 'document',
      region: state.name,
      ...(primary !== undefined && { primary }),
      ...(forks !== undefined && { forks }),
      ...(highest !== undefined && { highest }),
      ...(measured === true && { measured }),
      ...(measuredEpoch !== undefined && { measuredEpoch }),
      ...(voids !== undefined && { voids }),
      observedAtMs,
      atMs: clock.now(),
    });
  };
  const takeSiblings = (told: readonly Sibling[]): void => {
    const isKnown = ({ process, observedAtMs }: Sibling): boolean =>
      siblings.some((known) => known.process === process && known.observedAtMs === observedAtMs);
    if (told.length === siblings.length && told.every(isKnown)) return;
    siblings = told;
    live.apply({ type: 'siblings', siblings: told, atMs: clock.now() });
  };
  /** Before the rest: what makes a primary known must not let writes start that a pause holds. */
  const takePause = (state: RegionState): void => {
    if (state.identified) hearPause(state);
  };
  /** What a region had to say comes before the fact that it was asked. */
  const takeRest = (state: RegionState): void => {
    if (state.name === view.self) takeSiblings(state.siblings ?? []);
    if (state.asked !== true || asked.has(state.name)) return;
    asked.add(state.name);
    live.apply({ type: 'asked', region: state.name, atMs: clock.now() });
  };

  const refresh = (): void => {
    for (const state of dropRejection(view.list())) {
      takePause(state);
      if (state.observedAtMs !== taken.get(state.name)) takeDocument(state);
      takeRest(state);
    }
  };
  refresh();
  const stop = view.subscribe((state) => {
    takePause(state);
    takeDocument(state);
    takeRest(state);
  });
  const isHeardSince: FollowedView['isHeardSince'] = (atMs, isReached) => {
    const isHeard = ({ askedAtMs = atMs, observedAtMs, identified, measured }: RegionState): boolean =>
      askedAtMs >= atMs && (observedAtMs < atMs || !identified || measured !== undefined);
    try {
      return dropRejection(view.list()).every((state) => isHeard(state) || isReached(state.name));
    } catch {
      return false;
    }
  };
  return { refresh, isHeardSince, stop };
}
