import type { Clock } from '../kit/clock.ts';

/** A clock that moves only when a test advances it. */
export interface FakeClock extends Clock {
  /** Moves both clocks by `ms`. Runs due calls in order, and lets promises and the event loop run after each. */
  advance(ms: number): Promise<void>;
  /** Moves only the wall clock, as an operator or a resumed machine does. */
  stepWall(ms: number): void;
  /** Moves both clocks, but runs due calls only at the next `advance`: a suspended process. */
  suspend(ms: number): void;
  /** The number of scheduled calls. A closed component leaves none. */
  readonly pending: number;
}

export function fakeClock({
  now = 1_000,
  wallMs = Date.UTC(2026, 0, 1),
}: {
  readonly now?: number;
  readonly wallMs?: number;
} = {}): FakeClock {
  let mono = now;
  let wall = wallMs;
  let sequence = 0;
  const waiting = new Map<number, { readonly dueAt: number; readonly run: () => void }>();

  const moveTo = (dueAt: number): void => {
    wall += dueAt - mono;
    mono = dueAt;
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const nextDue = (limit: number): number | undefined => {
    let found: number | undefined;
    for (const [id, { dueAt }] of waiting) {
      if (dueAt <= limit && (found === undefined || dueAt < (waiting.get(found)?.dueAt ?? 0))) found = id;
    }
    return found;
  };

  return {
    now: () => mono,
    wallMs: () => wall,
    schedule: (run, delayMs) => {
      sequence += 1;
      const id = sequence;
      waiting.set(id, { dueAt: mono + Math.max(0, delayMs), run });
      return () => waiting.delete(id);
    },
    advance: async (ms) => {
      const end = mono + ms;
      await settle();
      for (let id = nextDue(end); id !== undefined; id = nextDue(end)) {
        const due = waiting.get(id);
        waiting.delete(id);
        moveTo(Math.max(mono, due?.dueAt ?? mono));
        due?.run();
        await settle();
      }
      moveTo(end);
    },
    stepWall: (ms) => {
      wall += ms;
    },
    suspend: (ms) => moveTo(mono + ms),
    get pending() {
      return waiting.size;
    },
  };
}
