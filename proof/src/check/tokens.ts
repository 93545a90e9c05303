import type { Position, RowEntry } from '../history/entries.ts';
import { isWrite } from '../history/kinds.ts';
import { UNKNOWN_LSN } from '../history/position.ts';
import type { History } from './index-history.ts';
import type { Violation } from './violation.ts';

/**
 * The token of an acknowledged write stands for all of it. One that falls short is a write that its client misses as soon
 * as a standby is far enough behind, which in most runs none is just then.
 */
export function checkTokens(history: History): readonly Violation[] {
  return history.operations.flatMap(({ id, kind, outcome, received }): readonly Violation[] => {
    if (!isWrite(kind) || outcome !== 'ok') return [];
    const rows = history.rowsOf(id);
    const isCovered = ({ part }: RowEntry): boolean =>
      rows.some((row) => row.part === part && received.some((token) => covers(token, row)));
    const bare = rows.find((row) => !isCovered(row));
    if (bare === undefined) return [];
    const given = received.map((token) => `${token.kind} ${token.lsn} of timeline ${token.timeline}`).join(', ');
    const says = `was written at ${bare.lsn} of timeline ${bare.timeline}, and its client was given ${given || 'no token'}`;
    return [{ rule: 'token-short', operations: [id], says }];
  });
}

/** The place of a row is where it was written: the end of its transaction, which a token must reach, lies beyond. */
function covers({ kind, timeline, lsn }: Position, row: RowEntry): boolean {
  return kind === 'write' && timeline === row.timeline && (lsn === UNKNOWN_LSN || BigInt(lsn) > BigInt(row.lsn));
}
