import type { OperationEntry, Position, RowEntry } from '../history/entries.ts';
import { isRead, isWrite } from '../history/kinds.ts';
import { UNKNOWN_LSN } from '../history/position.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/**
 * What clients are given stands for all of what they wrote, and with monotonic reads for all they were shown. A token that
 * falls short is a write that its client misses, or a read that goes back, as soon as a standby is far enough behind: in
 * most runs none is just then.
 */
export function checkTokens(history: History): readonly Violation[] {
  return [
    ...history.operations.flatMap((operation) => ofWrite(history, operation)),
    ...(history.run.deployment.monotonicReads ? [...history.byClient.values()] : []).flatMap((operations) =>
      operations.flatMap((read, index) => ofRead(history, read, operations[index + 1])),
    ),
  ];
}

function ofWrite(history: History, { id, kind, outcome, received }: OperationEntry): readonly Violation[] {
  if (!isWrite(kind) || outcome !== 'ok') return [];
  const rows = history.rowsOf(id);
  const tokens = received.filter((token) => token.kind === 'write');
  const isCovered = ({ part }: RowEntry): boolean =>
    rows.some(
      (row) => row.part === part && tokens.some((token) => token.timeline === row.timeline && reaches(token, row)),
    );
  const bare = rows.find((row) => !isCovered(row));
  if (bare === undefined) return [];
  return [{ rule: 'token-short', operations: [id], says: `${placed(bare)}; its client was given ${listed(received)}` }];
}

/** Judged by what the client really brings with its next request: what it was given before counts as well. */
function ofRead(history: History, read: OperationEntry, next: OperationEntry | undefined): readonly Violation[] {
  if (next === undefined || read.carries !== 'both' || read.outcome !== 'ok' || !isRead(read.kind)) return [];
  const shown = read.entries ?? (read.value === undefined ? [] : [read.value]);
  const bare = shown
    .flatMap((id) => history.rowsOf(id).find(({ survives }) => survives) ?? [])
    .find((row) => !next.sent.some((token) => token.timeline > row.timeline || reaches(token, row)));
  if (bare === undefined) return [];
  const says = `${read.client} was shown ${bare.operation}, ${placed(bare)}, and went on with ${listed(next.sent)}`;
  return [{ rule: 'token-short', operations: [bare.operation, next.id, read.id], says }];
}

/** The place of a row is where it was written: the end of its transaction, which a token must reach, lies beyond. */
function reaches({ timeline, lsn }: Position, row: RowEntry): boolean {
  return timeline === row.timeline && (lsn === UNKNOWN_LSN || BigInt(lsn) > BigInt(row.lsn));
}

function placed({ lsn, timeline }: RowEntry): string {
  return `written at ${lsn} of timeline ${timeline}`;
}

function listed(tokens: readonly Position[]): string {
  return tokens.map(({ kind, lsn, timeline }) => `${kind} ${lsn} of timeline ${timeline}`).join(', ') || 'no token';
}
