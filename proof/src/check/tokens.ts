import type { OperationEntry, Position, RowEntry } from '../history/entries.ts';
import { isRead, isWrite } from '../history/kinds.ts';
import { UNKNOWN_LSN } from '../history/position.ts';
import { effectOf, type History } from './index-history.ts';
import type { Violation } from './violation.ts';

/**
 * What clients are given stands for all of what they wrote, and with monotonic reads for all they were shown. A token that
 * falls short is a write that its client misses, or a read that goes back, as soon as a standby is far enough behind: in
 * most runs none is just then.
 */
export function checkTokens(history: History): readonly Violation[] {
  return [
    ...history.operations.flatMap((operation) => ofWrite(history, operation)),
    ...[...history.byClient.values()].flatMap((operations) => ofClient(history, operations)),
  ];
}

function ofWrite(history: History, operation: OperationEntry): readonly Violation[] {
  const { id, kind, outcome, received } = operation;
  if (!isWrite(kind) || outcome !== 'ok') return [];
  const effect = effectOf(operation);
  const rows = history.rowsOf(effect);
  // The answer of an earlier request may come from a later timeline.
  const mayBeLater = effect !== id;
  const tokens = received.filter((token) => token.kind === 'write');
  const isCovered = ({ part }: RowEntry): boolean =>
    rows.some(
      (row) =>
        row.part === part &&
        tokens.some((token) => reaches(token, row) || (mayBeLater && token.timeline > row.timeline)),
    );
  const bare = rows.find((row) => !isCovered(row));
  if (bare === undefined) return [];
  return [{ rule: 'token-short', operations: [id], says: `${placed(bare)}; its client was given ${listed(received)}` }];
}

/** Judged by what the client really brings, as long as it lives: a later answer may have taken away what it had. */
function ofClient(history: History, operations: readonly OperationEntry[]): readonly Violation[] {
  const violations: Violation[] = [];
  let highest: { readonly row: RowEntry; readonly by: string } | undefined;
  for (const operation of operations) {
    if (operation.carries === 'nothing') break;
    const { id, client, sent } = operation;
    if (highest !== undefined && !isBrought(sent, highest.row)) {
      const { row, by } = highest;
      const says = `${client} knew of ${row.operation}, ${placed(row)}, by ${by}, and went on with ${listed(sent)}`;
      violations.push({ rule: 'token-short', operations: [row.operation, by, id], says });
      highest = undefined;
    }
    for (const row of learnt(history, operation))
      if (highest === undefined || isBeyond(row, highest.row)) highest = { row, by: id };
  }
  return violations;
}

/** Of what lasts, the rows that an answer told its client of. */
function learnt(history: History, operation: OperationEntry): readonly RowEntry[] {
  const { kind, outcome, carries, entries, value } = operation;
  if (outcome !== 'ok') return [];
  const shown = entries ?? (value === undefined ? [] : [value]);
  const keepsRead = history.run.deployment.monotonicReads && carries === 'both' && isRead(kind);
  const told = isWrite(kind) ? [effectOf(operation)] : keepsRead ? shown : [];
  return told.flatMap((made) => history.rowsOf(made).filter(({ survives }) => survives));
}

function isBrought(sent: readonly Position[], row: RowEntry): boolean {
  return sent.some((token) => token.timeline > row.timeline || reaches(token, row));
}

function isBeyond(row: RowEntry, other: RowEntry): boolean {
  return row.timeline > other.timeline || (row.timeline === other.timeline && BigInt(row.lsn) > BigInt(other.lsn));
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
