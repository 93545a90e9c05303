import type { OperationEntry } from '../history/entries.ts';
import { UNKNOWN_LSN } from '../history/position.ts';
import type { History } from './index-history.ts';
import { leftAt } from './lineage.ts';
import type { Violation } from './violation.ts';

/**
 * A write token beyond a fork that the app knows is announced as probably lost; one at or below the fork never is, nor is
 * one of a timeline that no region has left yet is said to be of unknown fate: an app that always said so would hide every loss.
 */
export function checkAnnouncements(history: History): readonly Violation[] {
  return history.operations.flatMap((operation) => [...missing(operation), ...unfounded(history, operation)]);
}

function missing(operation: OperationEntry): readonly Violation[] {
  if (operation.outcome !== 'ok' || operation.announced !== undefined) return [];
  const knowledge = operation.knew?.find(({ region }) => region === operation.served);
  if (knowledge === undefined) return [];
  return operation.sent.flatMap(({ kind, timeline, lsn }): Violation[] => {
    if (kind !== 'write' || lsn === UNKNOWN_LSN || timeline >= knowledge.timeline) return [];
    const left = leftAt(knowledge.forks, timeline, knowledge.timeline);
    if (left === undefined || BigInt(lsn) <= left) return [];
    return [
      {
        rule: 'loss-not-announced',
        operations: [operation.id],
        says: `brought a token at ${lsn} of timeline ${timeline}; ${knowledge.region} knew that it was left at ${left}, and did not say so`,
      },
    ];
  });
}

function unfounded({ lineage }: History, operation: OperationEntry): readonly Violation[] {
  const { announced, sent, endMs } = operation;
  if (announced === undefined) return [];
  const founded = sent.some((position) => {
    if (position.kind !== 'write') return false;
    if (announced === 'lost') return lineage.isLeftBehind(position, endMs);
    return position.lsn === UNKNOWN_LSN || lineage.wasLeftBy(position.timeline, endMs);
  });
  if (founded) return [];
  const brought = operation.sent.map(({ kind, timeline, lsn }) => `${kind} ${lsn} of timeline ${timeline}`).join(', ');
  return [
    {
      rule: 'loss-announced-falsely',
      operations: [operation.id],
      says: `was told that ${announced === 'lost' ? 'a write is lost' : 'the fate of a write is unknown'}, and brought ${brought || 'no token'}`,
    },
  ];
}
