import type { OperationEntry, Position } from '../history/entries.ts';
import { isRead, isWrite } from '../history/kinds.ts';
import { misses, showsRegister } from './contents.ts';
import { effectOf, type History } from './index-history.ts';
import type { Violation } from './violation.ts';

/**
 * A client that returns its token reads its own writes, in every region. A write that was lost may be missing from then on, but
 * the answer to a client that brings its token back must say so.
 */
export function checkOwnWrites(history: History): readonly Violation[] {
  const violations: Violation[] = [];
  for (const operations of history.byClient.values()) {
    const written: OperationEntry[] = [];
    for (const operation of operations) {
      if (operation.carries === 'nothing') break;
      if (operation.outcome !== 'ok') continue;
      if (isWrite(operation.kind)) written.push(operation);
      else if (isRead(operation.kind)) {
        for (const write of written) {
          const violation = write.key === operation.key ? judge(history, write, operation) : undefined;
          if (violation !== undefined) violations.push(violation);
        }
      }
    }
  }
  return violations;
}

function judge(history: History, write: OperationEntry, read: OperationEntry): Violation | undefined {
  const id = effectOf(write);
  if (!misses(history, read, { ...write, id })) return undefined;
  const operations = [write.id, read.id];
  const place = `${read.client} wrote ${write.key} in ${write.region} and ${showsRegister(read)} in ${read.region}`;
  if (!history.wasLostBy(id, read.endMs))
    return { rule: 'read-your-writes', operations, says: `${place}: its own write is missing` };
  if (read.announced !== undefined || !covers(read.sent, write.received)) return undefined;
  return { rule: 'lost-silently', operations, says: `${place}: its own write was lost, and the answer did not say so` };
}

/** The token of the write, or a later one of the same history, came back with the read. */
function covers(sent: readonly Position[], received: readonly Position[]): boolean {
  return received.some(
    (made) =>
      made.kind === 'write' &&
      sent.some(
        ({ kind, timeline, owner, lsn }) =>
          kind === 'write' && timeline === made.timeline && owner === made.owner && BigInt(lsn) >= BigInt(made.lsn),
      ),
  );
}
