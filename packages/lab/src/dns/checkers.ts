import { type Clock, createPoller, type Poller } from '@regionkit/core/kit';
import type { HealthCheckReason } from './health-check.ts';

export interface CheckersOptions {
  readonly checkers: number;
  /** From the end of one check to the start of the next, for each checker. */
  readonly intervalMs: number;
  runCheck(signal: AbortSignal): Promise<HealthCheckReason>;
  onChecked(checker: number, reason: HealthCheckReason, durationMs: number): void;
  readonly clock: Clock;
  readonly random: () => number;
}

/** Starts the checkers of one endpoint. They are independent: each starts at a random time, and they drift apart. */
export function startCheckers(options: CheckersOptions): { close(): void } {
  const { checkers, intervalMs, runCheck, onChecked, clock, random } = options;
  const controllers: AbortController[] = [];
  const stops: (() => void)[] = [];
  let closed = false;

  for (let checker = 0; checker < checkers; checker += 1) {
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      const began = clock.now();
      const reason = await runCheck(controller.signal);
      if (!closed) onChecked(checker, reason, clock.now() - began);
    };
    let poller: Poller | undefined;
    const begin = (): void => {
      poller = createPoller({ run, everyMs: () => intervalMs, clock, random });
    };
    const cancel = clock.schedule(begin, intervalMs * random());
    controllers.push(controller);
    stops.push(() => {
      cancel();
      poller?.close();
    });
  }

  return {
    close: () => {
      closed = true;
      for (const stop of stops) stop();
      for (const controller of controllers) controller.abort();
    },
  };
}
