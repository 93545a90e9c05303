import { setTimeout as sleep } from 'node:timers/promises';
import { isRegionKitError } from '@regionkit/core';
import { seconds } from '../options/text.ts';
import type { Emit } from '../records/record.ts';
import { DrillFailure } from './drill-failure.ts';
import type { Tracker } from './drill-status.ts';
import type { Load } from './load/load.ts';
import { clocksOf, type Fault } from './measure/clocks.ts';
import { measure, type Observed } from './measure/measures.ts';
import { type PhaseName, phasesOf } from './measure/phases.ts';
import { quietSince, tooFew } from './measure/stability.ts';

/** How long a drill waits, in milliseconds. */
export interface Limits {
  /** For enough good samples before the fault. */
  readonly beforeMs: number;
  /** How often it says meanwhile what is missing. */
  readonly tellMs: number;
  /** From the fault until everything is good. */
  readonly withinMs: number;
  /** So long everything must be good at the end. */
  readonly stableMs: number;
  readonly pollMs: number;
}

export interface Conducted extends Observed {
  readonly isFaultSeen: boolean;
  readonly faults: readonly string[];
}

/** What the part of a drill that causes the fault has to hand. */
export interface Hands {
  inject(where: string, says: string, act: () => Promise<unknown>): Promise<void>;
  /** A fault that something else has caused, and when. */
  found(atMs: number, says: string): void;
  mark(phase: PhaseName): void;
  step(name: string, where: string, says: string, act: () => Promise<unknown>): Promise<void>;
  rule(where: string, says: string, holds: () => Promise<boolean>): Promise<void>;
  until(says: string, look: () => boolean): Promise<void>;
  writesAgain(): Promise<void>;
  pause(ms: number): Promise<void>;
}

interface ConductOptions {
  readonly drill: string;
  readonly phases: readonly PhaseName[];
  readonly places: readonly string[];
  readonly load: Load;
  readonly limits: Limits;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  readonly tracker: Tracker;
  readonly play: (hands: Hands) => Promise<void>;
  /** How often each row is in the primary, once the last request has its answer. Undefined: it cannot be read. */
  readonly rows: () => Promise<ReadonlyMap<string, number> | undefined>;
}

/**
 * Leads one drill: enough good samples, then the fault, then everything good for a while. What does not happen in time
 * is in the result. Rejects only if the signal was aborted, or for a mistake of this program.
 */
export async function conduct(options: ConductOptions): Promise<Conducted> {
  const { drill, phases, places, load, limits, emit, signal, tracker, play, rows: readRows } = options;
  let fault: Fault | undefined;
  const marks: Partial<Record<PhaseName, number>> = {};
  const faults: string[] = [];
  let stable: Observed['stable'];
  let told = 0;

  /** Emits the phases that have ended, in their order. */
  const tellPhases = (): void => {
    const ended = phasesOf(phases, marks);
    for (const { name, atMs, tookMs } of ended.slice(told)) {
      emit({ type: 'phase', drill, name, sinceMs: atMs, tookMs });
    }
    told = ended.length;
    tracker.phases(ended);
  };
  const mark = (phase: PhaseName, sinceMs?: number): void => {
    if (fault === undefined || marks[phase] !== undefined) return;
    marks[phase] = sinceMs ?? performance.now() - fault.atMs;
    tellPhases();
  };
  const look = (): void => {
    tracker.samples(load.samples);
    if (fault === undefined || marks.write !== undefined) return;
    const { writeMs } = clocksOf(load.samples, places, fault);
    if (writeMs !== undefined) mark('write', writeMs);
  };
  const waitFor = async (says: string, deadlineMs: number, isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      if (performance.now() > deadlineMs) throw new DrillFailure(says);
      await sleep(limits.pollMs, undefined, { signal });
      look();
    }
  };
  const deadline = (): number => (fault?.atMs ?? performance.now()) + limits.withinMs;
  const step: Hands['step'] = async (name, where, says, act) => {
    signal.throwIfAborted();
    const startedMs = performance.now();
    try {
      await act();
    } catch (error) {
      if (!isRegionKitError(error)) throw error;
      const [why = ''] = error.message.split('\n');
      emit({
        type: 'step',
        name,
        where,
        state: 'failed',
        evidence: `${says}: ${why}`,
        tookMs: performance.now() - startedMs,
      });
      throw new DrillFailure(`${name} of ${where} failed: ${why}.`);
    }
    emit({ type: 'step', name, where, state: 'done', evidence: says, tookMs: performance.now() - startedMs });
    look();
  };
  const hands: Hands = {
    step,
    mark,
    inject: async (where, says, act) => {
      const atMs = performance.now();
      fault = { atMs, inEffectAtMs: Number.POSITIVE_INFINITY };
      tracker.injected();
      await step('inject', where, says, async () => {
        await act();
        fault = { atMs, inEffectAtMs: performance.now() };
      });
    },
    found: (atMs, says) => {
      fault = { atMs, inEffectAtMs: atMs };
      tracker.injected();
      emit({ type: 'step', name: 'found', where: 'fleet', state: 'done', evidence: says });
    },
    rule: async (where, says, holds) => {
      signal.throwIfAborted();
      const isHeld = await holds();
      emit({ type: 'step', name: 'rule', where, state: isHeld ? 'done' : 'failed', evidence: says });
      if (!isHeld) faults.push(`Not so: ${says} (${where}).`);
    },
    until: (says, isSo) => waitFor(`${says}: not within ${seconds(limits.withinMs)}.`, deadline(), isSo),
    writesAgain: () =>
      waitFor(
        `Clients did not write again within ${seconds(limits.withinMs)}.`,
        deadline(),
        () => marks.write !== undefined,
      ),
    pause: async (ms) => {
      await sleep(ms, undefined, { signal });
      look();
    },
  };

  try {
    tracker.state('preparing');
    const beganMs = performance.now();
    let toldMs = beganMs;
    const none = `No fault was caused: not enough good requests within ${seconds(limits.beforeMs)}.`;
    await waitFor(none, beganMs + limits.beforeMs, () => {
      const missing = tooFew(load.samples, places, { fromMs: beganMs });
      if (missing.length > 0 && performance.now() - toldMs > limits.tellMs) {
        toldMs = performance.now();
        emit({ type: 'progress', text: `too few samples before the fault: ${missing.join(', ')}` });
      }
      return missing.length === 0;
    });
    load.open();
    tracker.state('running');
    await play(hands);
    const playedMs = performance.now();
    await waitFor('', deadline() + limits.stableMs, () => {
      const fromMs = quietSince(load.samples, playedMs);
      const isWaiting = (load.waitingSinceMs() ?? Number.POSITIVE_INFINITY) <= fromMs;
      const untilMs = performance.now();
      if (isWaiting || untilMs - fromMs < limits.stableMs) return false;
      if (tooFew(load.samples, places, { fromMs, untilMs }).length > 0) return false;
      stable = { fromMs, untilMs };
      return true;
    });
  } catch (error) {
    if (!(error instanceof DrillFailure)) throw error;
    if (error.message !== '') faults.push(error.message);
  } finally {
    await load.stop();
    tracker.samples(load.samples);
  }
  const observed: Observed = { samples: load.samples, places, fault, stable, rows: fault && (await readRows()) };
  const { goodMs } = measure(observed);
  // Only now: a write that was acknowledged and is lost was not good.
  if (stable !== undefined && goodMs !== undefined) mark('stable', goodMs);
  return { ...observed, isFaultSeen: marks.detect !== undefined, faults };
}
