import type { Field, TableName } from '../decode/change.ts';
import type { Item } from '../items.ts';
import type { SalvageOptions } from '../options.ts';
import type { OutDirectory } from '../output/out-directory.ts';
import { shown } from '../output/redaction.ts';
import type { Servers } from '../servers/servers.ts';
import type { Session } from '../servers/session.ts';
import type { Sorter } from '../spool/sorter.ts';
import { hasLedger } from './check-ledger.ts';
import { type LostKey, lostKeys } from './lost-keys.ts';

/** What became of the lost writes of the ledger. */
export interface LedgerCounts {
  /** Writes with a key that only the old primary has. */
  readonly lost: number;
  /** Of these: the new primary has the key by now, because the client sent the write again. */
  readonly redone: number;
  /** The others. `lost-keys.ndjson` has a line for each. */
  readonly toTell: number;
}

interface WriteLostKeys {
  readonly servers: Pick<Servers, 'old' | 'now'>;
  readonly options: Pick<SalvageOptions, 'ledger' | 'redaction'>;
  readonly items: Sorter<Item>;
  readonly directory: OutDirectory;
}

const LEDGER: TableName = { schema: 'regionkit', name: 'ledger' };

/** Writes `lost-keys.ndjson`: the lost writes of the ledger whose key the new primary does not have. */
export async function writeLostKeys({ servers, options, items, directory }: WriteLostKeys): Promise<LedgerCounts> {
  const { old, now } = servers;
  const isHidden = (column: string): boolean => options.redaction.hides(LEDGER, undefined, column);
  const file = await directory.file('lost-keys.ndjson');
  const isOnNew = await hasLedger(now);
  let [lost, redone] = [0, 0];
  for await (const page of lostKeys(await items.sorted())) {
    const again = isOnNew ? await rowsOf(now, page) : new Map<number, string | null>();
    const toTell = page.filter((_, at) => !again.has(at + 1));
    const answers = options.ledger === 'answers' ? await rowsOf(old, toTell) : undefined;
    for (const [at, found] of toTell.entries()) await file.write(line(found, answers?.get(at + 1), isHidden));
    lost += page.length;
    redone += again.size;
  }
  await file.close();
  return { lost, redone, toTell: lost - redone };
}

/** The answers of these keys by their place from 1, where the server has a row. */
async function rowsOf(session: Session, keys: readonly LostKey[]): Promise<ReadonlyMap<number, string | null>> {
  const rows = await session.lists(
    `SELECT k.place, l.answer FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(actor, key, place)
     JOIN regionkit.ledger l ON l.actor = k.actor AND l.key = k.key`,
    [keys.map(({ actor }) => actor), keys.map(({ key }) => key)],
  );
  return new Map(rows.map(([place, answer]) => [Number(place), answer ?? null]));
}

/** @param answer undefined: it was not asked for, or `expire()` has deleted it */
function line(lost: LostKey, answer: string | null | undefined, isHidden: (column: string) => boolean): string {
  const { actor, key, at, xid, commitLsn, committedAt } = lost;
  const fields: readonly Field[] = [
    ['actor', actor],
    ['key', key],
    ['at', at],
    ...(answer === undefined ? [] : [['answer', answer] as const]),
  ];
  return `${JSON.stringify({ ...Object.fromEntries(shown(fields, isHidden)), xid, commitLsn, committedAt })}\n`;
}
