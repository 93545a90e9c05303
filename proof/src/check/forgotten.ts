import type { FaultEntry, Knowledge, OperationEntry } from '../history/entries.ts';
import type { FaultKind } from '../schedule/fault.ts';
import { worldAt } from './conditions.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/** What one process of a region suffers is no news of the primary: the region has another. */
const OF_ONE_PROCESS: readonly FaultKind[] = ['kill-app', 'start-app', 'stop-app', 'continue-app'];
/** Longer than everything that was known before is believed, and than a look at every node takes. */
const SETTLED_MS = 6_000;
/** A process that starts needs so long to hear who is primary. */
const STARTING_MS = 10_000;

/**
 * Where a region has several processes, none of them loses the primary because another one dies, starts or stands still: what a
 * region says is the best that its processes say.
 */
export function checkForgotten(history: History): readonly Violation[] {
  if ((history.run.deployment.processes ?? 1) < 2) return [];
  return history.operations.flatMap((operation) =>
    (operation.knew ?? []).flatMap((knowledge) => judge(history, operation, knowledge)),
  );
}

function judge(history: History, operation: OperationEntry, knowledge: Knowledge): readonly Violation[] {
  const { faults, stalls, operations } = history;
  const { id, startMs, endMs } = operation;
  const { state, region, process = 0 } = knowledge;
  // All of them are new when the first request is sent.
  const beganMs = operations[0]?.startMs ?? 0;
  if (state !== 'no-primary' || startMs < beganMs + STARTING_MS) return [];
  const sinceMs = startMs - SETTLED_MS;
  if (stalls.some((stall) => stall.sinceMs <= endMs && stall.sinceMs + stall.ms >= sinceMs)) return [];
  const isOther = ({ fault, result }: FaultEntry): boolean => result === 'done' && !OF_ONE_PROCESS.includes(fault.kind);
  if (faults.some((fault) => isOther(fault) && fault.startMs <= endMs && fault.endMs >= sinceMs)) return [];
  const { network, nodes, twin } = worldAt(faults, startMs);
  const isWhole = Object.values(nodes).every(({ role, status }) => role !== 'abandoned' && status === 'up');
  if (network !== undefined || twin !== undefined || !isWhole) return [];
  const isNew = ({ fault, endMs: doneMs }: FaultEntry): boolean =>
    process === 0 && 'region' in fault && fault.region === region && doneMs >= startMs - STARTING_MS && doneMs <= endMs;
  if (faults.some(isNew)) return [];
  const says = `${region}/${process} knew of no primary when only processes of the app had been touched for ${SETTLED_MS / 1_000} s`;
  return [{ rule: 'primary-forgotten', operations: [id], says }];
}
