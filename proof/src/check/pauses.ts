import type { OperationEntry, PauseEntry, RestartNote, RowEntry } from '../history/entries.ts';
import { isWrite } from '../history/kinds.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/** Each process ends a pause no later than the one from which it was learnt, and so a little before its time. */
const SOONER_MS = 1_500;
/** A question that gets no answer for so long counts as asked. */
const QUESTION_MS = 400;
/** And is sent about when the process listens. */
const ASKED_BEFORE_MS = 1_000;

/**
 * A pause holds every new write in every region. So nothing that was asked for after it had drained is written before it
 * ends, not by a process that starts in it either, if that process could know of it.
 */
export function checkPauses(history: History): readonly Violation[] {
  return history.pauses.flatMap((pause) => judge(history, pause));
}

function judge(history: History, pause: PauseEntry): readonly Violation[] {
  const { region, timeline, drainedMs, untilMs, endedMs = Number.POSITIVE_INFINITY } = pause;
  if (drainedMs === undefined) return [];
  const endMs = Math.min(untilMs - SOONER_MS, endedMs);
  return history.operations.flatMap((operation): Violation[] => {
    if (!isWrite(operation.kind) || operation.startMs <= drainedMs || operation.endMs >= endMs) return [];
    const [row] = history.rowsOf(operation.id).filter((known) => known.timeline === timeline);
    if (row === undefined || isExcused(history, pause, operation, row)) return [];
    const says = `was written by ${row.app} on timeline ${timeline}, ${Math.round(operation.startMs - drainedMs)} ms after the writes had been paused for ${region}`;
    return [{ rule: 'written-in-pause', operations: [operation.id], says }];
  });
}

/** One of the processes that took part started in the pause, and could not know of it. */
function isExcused(history: History, pause: PauseEntry, operation: OperationEntry, row: RowEntry): boolean {
  const { drainedMs = 0 } = pause;
  const started = pause.restarted.filter(({ killedMs }) => killedMs >= drainedMs && killedMs < operation.endMs);
  return started
    .filter((note) => tookPart(operation, row, note))
    .some((note) => !couldKnow(history, pause, started, note, operation.endMs));
}

function tookPart({ knew, region }: OperationEntry, { app }: RowEntry, note: RestartNote): boolean {
  if (app === `${note.region}/${note.process}`) return true;
  // Without an answer it is not known which process of the region it reached.
  if (knew === undefined) return note.region === region;
  return knew.some((known) => known.region === note.region && (known.process ?? 0) === note.process);
}

/**
 * A process that starts asks the region of the primary, once, before it writes. What it meets there knows of the pause if no
 * process there but itself has started in it.
 */
function couldKnow(
  history: History,
  { region }: PauseEntry,
  started: readonly RestartNote[],
  note: RestartNote,
  untilMs: number,
): boolean {
  const others = Array.from({ length: history.run.deployment.processes ?? 1 }, (_, process) => process).filter(
    (process) => note.region !== region || process !== note.process,
  );
  const knows = (process: number): boolean =>
    !started.some((other) => other.region === region && other.process === process);
  if (others.length === 0 || !others.every(knows)) return false;
  // Behind a name for the primary it looks like one of the own region, and no other region can pause its writes.
  if (history.run.deployment.endpoint === true) return false;
  const fromMs = note.listeningMs - ASKED_BEFORE_MS;
  return !history.stalls.some(({ sinceMs, ms }) => ms >= QUESTION_MS && sinceMs < untilMs && sinceMs + ms > fromMs);
}
