import type { Item } from './items.ts';
import { writeLostKeys } from './ledger/write-lost-keys.ts';
import type { SalvageOptions } from './options.ts';
import type { OutDirectory } from './output/out-directory.ts';
import type { Summary } from './output/summary.ts';
import { writeFiles } from './output/write-files.ts';
import type { Servers } from './servers/servers.ts';
import type { Sorter } from './spool/sorter.ts';
import type { Steps } from './steps.ts';
import { type FoundParts, summarise } from './summarise.ts';

interface Finish {
  readonly servers: Servers;
  readonly options: SalvageOptions;
  readonly directory: OutDirectory;
  readonly steps: Steps;
  /** The lost transactions and their changes. */
  readonly items: Sorter<Item>;
  readonly found: FoundParts;
}

/** The last steps, with and without a slot: the keys of the ledger, the summary, and the files. */
export async function finish({ servers, options, directory, steps, items, found }: Finish): Promise<Summary> {
  const { step, timings } = steps;
  const { firstXid } = found;
  const ledger =
    options.ledger === 'none'
      ? undefined
      : await step(
          'ledger',
          () => writeLostKeys({ servers, options, firstXid, items, directory }),
          ({ lost, redone, notDecided, toTell }) =>
            `${lost} writes with a key were lost, ${redone} of them were done again, ${toTell} are in lost-keys.ndjson${notDecided === 0 ? '' : ` (of ${notDecided} it is not decided whether they were done again)`}`,
        );
  const summary = await summarise(servers, options, { ...found, ledger, timings });
  const tablesOf = [servers.tableOfOld, servers.tableOfNew];
  await step(
    'write',
    () => writeFiles({ directory, summary, items, tablesOf, redaction: options.redaction }),
    () => 'lost-writes.ndjson, summary.json, report.md, review.sql',
  );
  return summary;
}
