import type { OperationEntry, PauseEntry } from '../history/entries.ts';
import { isWrite } from '../history/kinds.ts';
import { REGIONS, type Region } from '../regions.ts';
import { stalledMs } from './conditions.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/** A held write goes on at once. This is for the write itself, and for all others that go on at the same time. */
const BACK_MS = 1_500;
/** A process that has just started needs so long to know who is primary. */
const STARTING_MS = 3_000;

/**
 * The writes come back when a pause ends, however it ends: each region acknowledges one in time, if it was asked for any.
 * Judged only where nothing else was done meanwhile.
 */
export function checkPauseEnds(history: History): readonly Violation[] {
  return history.pauses.flatMap((pause) => REGIONS.flatMap((region) => judge(history, pause, region)));
}

function judge(history: History, pause: PauseEntry, region: Region): readonly Violation[] {
  const { faults, operations, pauses, run, stalls } = history;
  if (run.deployment.writes === 'reject' && region !== pause.region) return [];
  const endMs = endOf(pause);
  if (endMs <= pause.startMs) return [];
  // One that was ordered before and goes on in some processes.
  if (pauses.some((other) => other.startMs < pause.startMs && endOf(other) > pause.startMs)) return [];
  const startedMs = pause.restarted.map(({ listeningMs }) => listeningMs + STARTING_MS);
  const fromMs = Math.max(endMs, ...startedMs);
  const untilMs = fromMs + BACK_MS + stalledMs(stalls, pause.startMs, fromMs + BACK_MS);
  const isOther = faults.some(
    (fault) => fault.startMs < untilMs && fault.endMs > pause.startMs && !isOf(pause, fault.fault.kind, fault.startMs),
  );
  if (isOther) return [];
  const asked = operations.filter(
    (write) =>
      isWrite(write.kind) && write.region === region && write.endMs > endMs && write.startMs < untilMs - BACK_MS,
  );
  if (asked.length === 0 || asked.some((write) => isBack(write, untilMs))) return [];
  const [first] = asked as [OperationEntry];
  const says = `no write in ${region} was acknowledged within ${Math.round(untilMs - endMs)} ms of the end of a pause`;
  return [{ rule: 'pause-outlasted', operations: [first.id], says }];
}

function endOf({ untilMs, endedMs = Number.POSITIVE_INFINITY }: PauseEntry): number {
  return Math.min(untilMs, endedMs);
}

function isBack({ outcome, endMs }: OperationEntry, untilMs: number): boolean {
  return outcome === 'ok' && endMs <= untilMs;
}

/** The fault of the pause itself. Nothing else is done before it is over. */
function isOf(pause: PauseEntry, kind: string, startMs: number): boolean {
  return (kind === 'pause' || kind === 'switchover') && startMs <= pause.startMs;
}
