import type { Field } from '../decode/change.ts';
import type { Item } from '../items.ts';
import type { SalvageOptions } from '../options.ts';
import type { OutDirectory } from '../output/out-directory.ts';
import { shown } from '../output/redaction.ts';
import type { Servers } from '../servers/servers.ts';
import type { Session } from '../servers/session.ts';
import { type FirstXid, isAfterFork } from '../servers/xid.ts';
import type { Sorter } from '../spool/sorter.ts';
import { hasLedger } from './check-ledger.ts';
import { LEDGER } from './ledger-table.ts';
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
  readonly firstXid: FirstXid;
  readonly items: Sorter<Item>;
  readonly directory: OutDirectory;
}

/** Writes `lost-keys.ndjson`: the lost writes of the ledger whose key the new primary does not have from after the fork. */
export async function writeLostKeys({
  servers,
  options,
  firstXid,
  items,
  directory,
}: WriteLostKeys): Promise<LedgerCounts> {
  const { old, now } = servers;
  const isHidden = (column: string): boolean => options.redaction.hides(LEDGER, undefined, column);
  const file = await directory.file('lost-keys.ndjson');
  const isOnNew = await hasLedger(now);
  let [lost, redone] = [0, 0];
  for await (const page of lostKeys(await items.sorted())) {
    const again = isOnNew ? await redoneOf(now, page, firstXid) : new Set<number>();
    const toTell = page.filter((_, at) => !again.has(at + 1));
    const answers = options.ledger === 'answers' ? await answersOf(old, toTell) : undefined;
    for (const [at, found] of toTell.entries()) await file.write(line(found, answers?.get(at + 1), isHidden));
    lost += page.length;
    redone += again.size;
  }
  await file.close();
  return { lost, redone, toTell: lost - redone };
}

/**
 * The keys, by their place from 1, that the new primary has taken itself. A row from before the fork is of an earlier write: its
 * key had expired on the old primary, and was used again there.
 */
async function redoneOf(now: Session, keys: readonly LostKey[], firstXid: FirstXid): Promise<ReadonlySet<number>> {
  // The next number by the same snapshot: clients may be sending keys again right now.
  const rows = await rowsOf(now, keys, 'l.xmin, pg_snapshot_xmax(pg_current_snapshot())');
  const isRedone = ([, xmin, next]: (typeof rows)[number]): boolean =>
    isAfterFork(xmin ?? '0', firstXid, BigInt(next ?? 0));
  return new Set(rows.filter(isRedone).map(([place]) => Number(place)));
}

/** The answers of these keys by their place from 1, where the server has a row. */
async function answersOf(old: Session, keys: readonly LostKey[]): Promise<ReadonlyMap<number, string | null>> {
  const rows = await rowsOf(old, keys, 'l.answer');
  return new Map(rows.map(([place, answer]) => [Number(place), answer ?? null]));
}

const rowsOf = (session: Session, keys: readonly LostKey[], columns: string): ReturnType<Session['lists']> =>
  session.lists(
    `SELECT k.place, ${columns} FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k(actor, key, place)
     JOIN regionkit.ledger l ON l.actor = k.actor AND l.key = k.key`,
    [keys.map(({ actor }) => actor), keys.map(({ key }) => key)],
  );

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
