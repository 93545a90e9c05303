import type { History } from './index-history.ts';
import { overlapsReset } from './resets.ts';
import type { Violation } from './violation.ts';

/** What the data directories show of the statements themselves: each was done once, wholly, and not by who knew better. */
export function checkStatements(history: History): readonly Violation[] {
  return [...duplicates(history), ...torn(history), ...againstKnowledge(history)];
}

/** Copies made by replication are one; a statement sent twice leaves two, be it in two histories. */
function duplicates(history: History): readonly Violation[] {
  const origins = new Map<string, Set<string>>();
  for (const row of history.rows) {
    const statement = `${row.operation} ${row.part}`;
    const known = origins.get(statement) ?? new Set();
    origins.set(statement, known.add(`${row.timeline}/${row.lsn}/${row.transaction}/${row.server}`));
  }
  return [...origins].flatMap(([statement, places]): Violation[] =>
    places.size === 1
      ? []
      : [
          {
            rule: 'duplicate',
            operations: [statement.split(' ')[0] as string],
            says: `was done ${places.size} times: ${[...places].join(' and ')}`,
          },
        ],
  );
}

const PARTS: Readonly<Record<string, number>> = { 'append-slowly': 2, 'append-batch': 2 };

function torn(history: History): readonly Violation[] {
  return history.operations.flatMap(({ id, kind }): Violation[] => {
    const parts = PARTS[kind];
    if (parts === undefined) return [];
    const directories = new Map<string, Set<number>>();
    for (const { from, part } of history.rowsOf(id))
      directories.set(from, (directories.get(from) ?? new Set()).add(part));
    const bad = [...directories].find(([, found]) => found.size !== parts);
    if (bad === undefined) return [];
    return [
      {
        rule: 'torn-transaction',
        operations: [id],
        says: `${bad[0]} holds ${bad[1].size} of the ${parts} rows of one transaction`,
      },
    ];
  });
}

/** A statement on a node below the timeline that its sender knew, or one that began while the sender knew of two primaries. */
function againstKnowledge(history: History): readonly Violation[] {
  const violations = new Map<string, Violation>();
  for (const row of history.rows) {
    const asked = history.byId.get(row.operation);
    if (asked !== undefined && overlapsReset(history, asked)) continue;
    const operations = [row.operation];
    const place = `${row.app} wrote on timeline ${row.timeline}`;
    if (row.known > row.timeline) {
      const says = `${place} when it knew timeline ${row.known}`;
      violations.set(row.operation, { rule: 'write-on-fenced', operations, says });
    } else if (row.state === 'twin-primaries' && row.part === 0) {
      const says = `${place} when it knew of two primaries`;
      violations.set(row.operation, { rule: 'write-on-twins', operations, says });
    }
  }
  return [...violations.values()];
}
