import type { OperationEntry, RowEntry, ToldEntry } from '../history/entries.ts';
import { effectOf, type History } from './index-history.ts';
import { overlapsReset } from './resets.ts';
import type { Violation } from './violation.ts';

/**
 * The promises of `once()`: no history has a write of one key twice; every answer is the one of a write of that key, and of the
 * history that gave it; a lost write whose key was not sent again is told, and nothing else is.
 */
export function checkKeys(history: History): readonly Violation[] {
  return [...doneTwice(history), ...history.operations.flatMap((each) => judge(history, each)), ...checkTold(history)];
}

/** A data directory is one history: what is in it twice was done twice. */
function doneTwice({ rows }: History): readonly Violation[] {
  const writes = new Map<string, Set<string>>();
  for (const { from, survives, reading = 0, once, operation } of rows) {
    if (once === undefined) continue;
    const place = `${once} ${survives ? 'the primary' : `${from}, directory ${reading}`}`;
    writes.set(place, (writes.get(place) ?? new Set()).add(operation));
  }
  return [...writes].flatMap(([place, operations]): Violation[] => {
    if (operations.size === 1) return [];
    const says = `the key ${place.replace(' ', ' was used for several writes in the data of ')}`;
    return [{ rule: 'key-done-twice', operations: [...operations], says }];
  });
}

function judge(history: History, operation: OperationEntry): readonly Violation[] {
  const { id, once, outcome, performed } = operation;
  if (once === undefined || outcome !== 'ok') return [];
  if (performed === undefined || history.byId.get(performed)?.once !== once) {
    const says = `sent the key ${once}, and got the answer of ${performed ?? 'no write'}`;
    return [{ rule: 'key-answered-otherwise', operations: [performed ?? id, id], says }];
  }
  const [row] = history.rowsOf(performed);
  const knew = operation.knew?.find(({ region }) => region === operation.served);
  if (row === undefined || knew === undefined || overlapsReset(history, operation)) return [];
  if (history.lineage.includes(knew.timeline, row) !== false) return [];
  const says = `got the answer of ${performed} from ${knew.region}, which knew timeline ${knew.timeline}: that left timeline ${row.timeline} before ${performed}`;
  return [{ rule: 'key-answered-from-lost', operations: [performed, id], says }];
}

/** What `salvage --ledger` told of each abandoned primary, against what its data directory has and the last primary lacks. */
function checkTold(history: History): readonly Violation[] {
  const { rows, told, survives } = history;
  const keyed = rows.filter((row): row is RowEntry & { once: string } => row.once !== undefined);
  const kept = new Map(keyed.filter((row) => row.survives).map(({ once, operation }) => [once, operation]));
  const lost = keyed.filter((row) => !row.survives && !survives(row.operation));
  const acknowledged = new Set(
    history.operations.flatMap((operation) => (operation.outcome === 'ok' ? [effectOf(operation)] : [])),
  );
  const untold = lost.flatMap(({ from, reading, once, operation }): Violation[] => {
    const lists = told.filter((list) => list.from === from && list.reading === reading);
    const isTold = lists.some(({ keys }) => keys === undefined || keys.includes(once));
    if (isTold || kept.has(once) || !acknowledged.has(operation)) return [];
    const says = `was acknowledged for the key ${once} and is lost with the data of ${from}, and no list tells it`;
    return [{ rule: 'key-lost-untold', operations: [operation], says }];
  });
  return [...untold, ...told.flatMap((list) => toldFalsely(history, list, lost, kept))];
}

function toldFalsely(
  { byId }: History,
  { from, reading, keys = [], startMs }: ToldEntry,
  lost: readonly (RowEntry & { readonly once: string })[],
  kept: ReadonlyMap<string, string>,
): readonly Violation[] {
  return keys.flatMap((key): Violation[] => {
    const found = lost
      .filter((row) => row.from === from && row.reading === reading && row.once === key)
      .map(({ operation }) => operation);
    const again = byId.get(kept.get(key) ?? '');
    const wasRedone = again?.outcome === 'ok' && again.endMs < startMs;
    if (found.length > 0 && !wasRedone) return [];
    const why = wasRedone ? `${again.id} had done it again` : `nothing of it is lost with the data of ${from}`;
    return [{ rule: 'key-told-falsely', operations: found, says: `the key ${key} was told as lost, and ${why}` }];
  });
}
