import { type Clock, createPoller, type Poller } from '@regionkit/core/kit';
import type { LookReason } from './look.ts';

export interface PatrolOptions {
  readonly checkers: number;
  /** From the end of one look to the begin of the next, of each checker. */
  readonly intervalMs: number;
  look(signal: AbortSignal): Promise<LookReason>;
  looked(checker: number, reason: LookReason, durationMs: number): void;
  readonly clock: Clock;
  readonly random: () => number;
}

/** The checkers of one endpoint. Each begins at a moment of its own and they drift apart: they know nothing of each other. */
export function startPatrol(options: PatrolOptions): { close(): void } {
  const { checkers, intervalMs, look, looked, clock, random } = options;
  const controllers: AbortController[] = [];
  const stops: (() => void)[] = [];
  let closed = false;

  for (let checker = 0; checker < checkers; checker += 1) {
    const controller = new AbortController();
    const run = async (): Promise<void> => {
      const began = clock.now();
      const reason = await look(controller.signal);
      if (!closed) looked(checker, reason, clock.now() - began);
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
