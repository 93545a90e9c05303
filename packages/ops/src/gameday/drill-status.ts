import { noteMoment, systemClock } from '@regionkit/core/kit';
import type { DrillEnd, DrillStart } from '../records/record.ts';
import type { PhaseName, PhaseTime } from './measure/phases.ts';
import { type Sample, type Tally, tallyOf } from './measure/sample.ts';

/** The drill that runs, or ran last, as `GET /drill/status` of its apps answers it. Members are added, never removed. */
export interface DrillStatus extends Tally {
  readonly id: string;
  readonly scenario: string;
  readonly summary: string;
  /** `preparing` before the fault, `running` after it, then the verdict. */
  readonly state: 'preparing' | 'running' | DrillEnd['verdict'];
  /** Wall clock, in milliseconds since 1970. */
  readonly startedAtMs: number;
  /** When the fault began. Absent before it. */
  readonly faultAtMs?: number;
  /** Now, by the same clock: a page need not trust its own. */
  readonly nowMs: number;
  readonly objectiveMs: number;
  readonly rpoMs: number;
  /** All phases of the scenario, in order. `atMs` is when one ended, in milliseconds from the fault. */
  readonly phases: readonly {
    readonly name: PhaseName;
    readonly state: 'waiting' | 'running' | 'done';
    readonly atMs?: number;
  }[];
  /** What it has shown, at the end. */
  readonly measured?: DrillEnd;
}

/** Keeps the status of the drill that runs. */
export interface Tracker {
  begin(start: DrillStart, phases: readonly PhaseName[]): void;
  state(state: 'preparing' | 'running'): void;
  injected(): void;
  phases(ended: readonly PhaseTime[]): void;
  samples(samples: readonly Sample[]): void;
  end(measured: DrillEnd): void;
  /** Undefined before the first drill. */
  status(): DrillStatus | undefined;
}

export function createTracker(): Tracker {
  let current: { readonly start: DrillStart; readonly names: readonly PhaseName[] } | undefined;
  let state: 'preparing' | 'running' = 'preparing';
  let faultAtMs: (() => number) | undefined;
  let ended: readonly PhaseTime[] = [];
  let samples: readonly Sample[] = [];
  let measured: DrillEnd | undefined;
  return {
    begin: (start, names) => {
      current = { start, names };
      [state, faultAtMs, ended, samples, measured] = ['preparing', undefined, [], [], undefined];
    },
    state: (next) => {
      state = next;
    },
    injected: () => {
      faultAtMs = noteMoment(systemClock);
    },
    phases: (next) => {
      ended = next;
    },
    samples: (next) => {
      samples = next;
    },
    end: (next) => {
      measured = next;
    },
    status: () => {
      if (current === undefined) return undefined;
      const { id, scenario, summary, atMs, objectiveMs, rpoMs } = current.start;
      return {
        id,
        scenario,
        summary,
        state: measured?.verdict ?? state,
        startedAtMs: atMs,
        ...(faultAtMs !== undefined && { faultAtMs: faultAtMs() }),
        nowMs: Date.now(),
        objectiveMs,
        rpoMs,
        phases: current.names.map((name, at) => {
          const done = ended.find((phase) => phase.name === name);
          if (done !== undefined) return { name, state: 'done', atMs: done.atMs };
          return {
            name,
            state: faultAtMs !== undefined && measured === undefined && at === ended.length ? 'running' : 'waiting',
          };
        }),
        ...tallyOf(samples),
        ...(measured !== undefined && { measured }),
      };
    },
  };
}
