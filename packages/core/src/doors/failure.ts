import { channel } from 'node:diagnostics_channel';

/** What of a decider failed, published on `regionkit:core:failure`. */
export interface DeciderFailure {
  readonly part: 'decide' | 'onHead' | 'onDone' | 'scope' | 'respond' | 'proxy';
  readonly error: unknown;
}

/** Says what failed without harming the request: no door rejects, but a bug must be visible to who looks for it. */
export function reportFailure(part: DeciderFailure['part'], error: unknown): void {
  const failures = channel('regionkit:core:failure');
  if (failures.hasSubscribers) failures.publish({ part, error } satisfies DeciderFailure);
}
