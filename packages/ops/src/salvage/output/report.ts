import { ROW_CLASSES } from '../classify/row-class.ts';
import { escapeInvisible } from '../sql-text.ts';
import type { ClassCounts, Summary } from './summary.ts';

/** `report.md`: what a person reads first. Names are the only texts from outside in it. */
export function reportOf(summary: Summary): string {
  const { lost, completeness, neverDecoded } = summary;
  return [
    `# Lost writes of ${name(summary.old.server)}`,
    '',
    sentence(summary),
    '',
    '## What was lost',
    '',
    '| class | rows | what it means |',
    '|---|---|---|',
    ...ROW_CLASSES.flatMap((one) => {
      const count = lost.byClass[one];
      return count === undefined ? [] : [`| ${one} | ${count} | ${MEANING[one]} |`];
    }),
    '',
    '| table | rows by class |',
    '|---|---|',
    ...lost.byTable.map(({ table, byClass }) => `| ${name(table)} | ${counts(byClass)} |`),
    '',
    '## Is the list complete?',
    '',
    completeness.isComplete ? 'Yes: the counts agree.' : 'No, or it is not known:',
    ...completeness.reasons.map((reason) => `- ${reason}`),
    '',
    '| count | transactions |',
    '|---|---|',
    `| decoded from the slot | ${summary.method === 'slot' ? completeness.decoded : 'no slot'} |`,
    `| by pg_xact_status, subtransactions and other databases included | ${completeness.byStatus ?? 'not known'} |`,
    `| commits in the WAL after the fork, other databases included | ${completeness.inWal ?? 'not known (no pg_walinspect)'} |`,
    `| of the decoded: without a change (DDL, sequences, large objects, nothing) | ${completeness.emptyTransactions} |`,
    `| subtransactions (savepoints) | ${completeness.subtransactions ?? 'not known'} |`,
    `| commits of prepared transactions | ${completeness.preparedCommits ?? 'not known'} |`,
    `| committed and decoded nowhere (other databases, unlogged tables, row locks) | ${completeness.decodedNowhere} |`,
    '',
    ...keysOf(summary),
    '## What no list can have',
    '',
    '- Commits that the old primary had not flushed (`synchronous_commit = off`), if it has crashed.',
    `- Sequences: ${neverDecoded.sequences.length} are ahead on the old primary.`,
    ...neverDecoded.sequences.map(
      ({ schema, name: sequence, old, new: now }) =>
        `  - ${name(`${schema}.${sequence}`)}: ${old}, on the new primary ${now ?? 'not used'}`,
    ),
    ...(neverDecoded.unreadableSequences.length === 0
      ? []
      : [
          `- Sequences that this role may not read, so they were not compared: ${namesOf(neverDecoded.unreadableSequences)}. Give it pg_read_all_data.`,
        ]),
    `- Large objects: ${neverDecoded.largeObjects ?? 'an unknown number of them'} were made or changed hands. Their content was not compared.`,
    `- Unlogged tables: ${namesOf(neverDecoded.unloggedTables)}.`,
    `- Materialized views that were refreshed: ${namesOf(neverDecoded.materializedViews)}. Their rows come from other tables: refresh them on the new primary.`,
    `- Transactions that are prepared on the old primary, and not committed: ${namesOf(neverDecoded.preparedOnOld)}.`,
    `- Transactions that are prepared on the new primary alone: ${namesOf(neverDecoded.preparedOnNew)}. The old primary has ended them; the list has those it committed.`,
    '',
    '## Next',
    '',
    '1. Tell the owners of these writes: `lost-writes.ndjson` has each of them, in the order of the commits.',
    '2. Read `review.sql`. It ends in ROLLBACK: run it as it is to see what it would do.',
    '3. Keep this directory until these writes are no longer needed. Then delete it: it contains data.',
    '',
  ].join('\n');
}

function keysOf({ ledger, completeness }: Summary): readonly string[] {
  if (ledger === undefined) return [];
  const { lost, redone, notDecided, toTell } = ledger;
  const { isComplete } = completeness;
  return [
    '## Whose writes were lost',
    '',
    `${lost} writes with a key of the ledger were lost. The new primary has the keys of ${redone} of them by now: their clients have sent them again.`,
    ...(toTell === 0
      ? []
      : [
          `\`lost-keys.ndjson\` lists the other ${toTell}. Their clients may have an answer that says that the write was done.`,
        ]),
    ...(notDecided === 0
      ? []
      : [
          `Of ${notDecided} of these it is not decided whether they were done again (\`"redone":"not-decided"\`): the new primary has the key, and its row may be from before the fork. Look before you tell, or name the first transaction (--run, --first-xid).`,
        ]),
    ...(isComplete ? [] : ['The list may be incomplete, so more keys may be lost than these.']),
    ...(toTell === 0 && isComplete ? ['No client has to be told.'] : []),
    '',
  ];
}

const MEANING: Readonly<Record<(typeof ROW_CLASSES)[number], string>> = {
  missing: 'The new primary has no such row. `review.sql` inserts it.',
  identical: 'The new primary has the same already. Nothing to do.',
  stale: 'The row is as it was at the fork. `review.sql` updates it.',
  conflict: 'Both primaries have written the row, or its key or a unique value. Decide by hand.',
  'would-delete': 'The old primary deleted it, and it was not changed since. `review.sql` deletes it.',
  'already-absent': 'Deleted on the old primary, and not on the new one. Nothing to do.',
  'no-key': 'Changes of tables without a key: no row can be found by them. Decide by hand.',
  truncate: 'Written before a TRUNCATE of the old primary. Decide about the TRUNCATE by hand.',
};

function sentence({ lost, fork, old, new: now, completeness }: Summary): string {
  const from = `The new primary ${name(now.server)} (timeline ${now.timeline}) left the history of ${name(old.server)} (timeline ${old.timeline}) at ${fork}.`;
  const when =
    lost.firstCommit === undefined ? '' : ` They were committed from ${lost.firstCommit} to ${lost.lastCommit}.`;
  const what = `It lacks ${lost.transactions} transactions with ${lost.changes} changes.${when}`;
  return `${from} ${what}${completeness.isComplete ? '' : ' The list may be incomplete.'}`;
}

const counts = (byClass: ClassCounts): string =>
  ROW_CLASSES.flatMap((one) => (byClass[one] === undefined ? [] : [`${one} ${byClass[one]}`])).join(', ');

/** Undefined: not known. */
const namesOf = (list: readonly string[] | undefined): string =>
  list === undefined ? 'not known' : list.map(name).join(', ') || 'none';

/** A name from a database as text of Markdown: it can begin no table cell, link or HTML. */
const name = (text: string): string => escapeInvisible(text).replace(/[\\`*_{}[\]<>()#+!|&~]/g, '\\$&');
