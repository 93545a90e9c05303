import { type Clock, createPoller } from '@regionkit/core/kit';
import type { Check, CheckRun } from './check.ts';
import { readError, readResult } from './result.ts';

export interface RunnerOptions {
  readonly check: Check;
  /** From the end of one run to the start of the next. Called after each run. */
  everyMs(): number;
  readonly timeoutMs: number;
  readonly self: string;
  readonly clock: Clock;
  readonly random: () => number;
  onRun(run: CheckRun): void;
}

/** Runs one check in the background. */
export interface Runner {
  /** Runs it now, unless it is running. */
  wake(): void;
  close(): void;
}

/**
 * A round ends with the run or with its timeout, whichever is first. While a timed-out run continues, rounds start no
 * other run; each reports that it still hangs.
 */
export function createRunner({ check, everyMs, timeoutMs, self, clock, random, onRun }: RunnerOptions): Runner {
  let underWay: AbortController | undefined;
  let startedAt = 0;
  let closed = false;

  const report = (run: Omit<CheckRun, 'durationMs'>): void => {
    if (!closed) onRun({ ...run, durationMs: clock.now() - startedAt });
  };

  const round = async (): Promise<void> => {
    // The caller that adds a check gets its result before the first run.
    await Promise.resolve();
    if (closed) return;
    if (underWay !== undefined) return report({ status: 'fail', reason: 'hung', message: 'still running' });
    const controller = new AbortController();
    underWay = controller;
    startedAt = clock.now();
    await new Promise<void>((resolve) => {
      let ended = false;
      const end = (run: Omit<CheckRun, 'durationMs'>): void => {
        if (ended) return;
        ended = true;
        cancel();
        report(run);
        resolve();
      };
      const timedOut = (): void => {
        end({ status: 'fail', reason: 'timeout', message: `no answer within ${timeoutMs} ms` });
        controller.abort(new Error('The check took too long.'));
      };
      const cancel = clock.schedule(timedOut, timeoutMs);
      const settled = (run: () => Omit<CheckRun, 'durationMs'>): void => {
        underWay = undefined;
        // A check that blocked the event loop delayed the timer. Its own duration decides.
        if (clock.now() - startedAt > timeoutMs) timedOut();
        else end(run());
      };
      try {
        Promise.resolve(check(controller.signal, { timeoutMs, clock, self })).then(
          (value) => settled(() => readResult(value)),
          (error: unknown) => settled(() => readError(error)),
        );
      } catch (error) {
        settled(() => readError(error));
      }
    });
  };

  const poller = createPoller({ run: round, everyMs, clock, random });
  return {
    wake: () => {
      if (underWay === undefined) poller.wake();
    },
    close: () => {
      closed = true;
      poller.close();
      underWay?.abort(new Error('The health checks are closed.'));
    },
  };
}
