import type { Clock } from '@regionkit/core/kit';
import type { RefreshOutcome } from './config.ts';
import type { Source } from './source.ts';

export interface WatchOptions {
  readonly source: Source;
  readonly clock: Clock;
  /** The least time between two forced refreshes, in milliseconds. */
  readonly minForcedMs: number;
  force(): Promise<RefreshOutcome>;
}

/** Refreshes a value when its source reports a change. A change during a refresh, or too soon after one, is not lost. */
export function watchEntry({ source, clock, minForcedMs, force }: WatchOptions): () => void {
  let isClosed = false;
  let isRunning = false;
  let isDirty = false;
  let cancel = (): void => {};

  const run = async (): Promise<void> => {
    if (isRunning) return;
    isRunning = true;
    while (isDirty && !isClosed) {
      isDirty = false;
      if ((await force()) !== 'too-soon') continue;
      isDirty = true;
      await new Promise<void>((resolve) => {
        cancel = clock.schedule(resolve, minForcedMs);
      });
    }
    isRunning = false;
  };
  const unwatch = source.watch?.(() => {
    isDirty = true;
    void run();
  });
  return () => {
    isClosed = true;
    cancel();
    unwatch?.();
  };
}
