import type { Field } from '../decode/change.ts';
import type { Item } from '../items.ts';
import type { SalvageOptions } from '../options.ts';
import type { OutDirectory } from '../output/out-directory.ts';
import { shown } from '../output/redaction.ts';
import type { Servers } from '../servers/servers.ts';
import type { Session } from '../servers/session.ts';
import { type FirstXid, sideOf } from '../servers/xid.ts';
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
  /**
   * The new primary has the key as well, and it is not certain from when: the row may be from before the fork. Counted in `toTell`, so
   * that no client is forgotten.
   */
  readonly notDecided: number;
  /** All but the redone. `lost-keys.ndjson` has a line for each. */
  readonly toTell: number;
}

interface WriteLostKeys {
  readonly servers: Pick<Servers, 'old' | 'now'>;
  readonly options: Pick<SalvageOptions, 'ledger' | 'redaction'>;
  readonly firstXid: FirstXid;
  readonly items: Sorter<Item>;
  readonly directory: OutDirectory;
}

/**
 * Writes `lost-keys.ndjson`: the lost writes of the ledger that the new primary has not certainly done again. What is not certain is
 * listed, and says so.
 */
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
  let [lost, redone, notDecided] = [0, 0, 0];
  for await (const page of lostKeys(await items.sorted())) {
    const fates = isOnNew ? await fatesOf(now, page, firstXid) : new Map<number, Fate>();
    const toTell = page.flatMap((key, at) => {
      const fate = fates.get(at + 1) ?? 'lost';
      return fate === 'redone' ? [] : [{ key, isDecided: fate === 'lost' }];
    });
    const keys = toTell.map(({ key }) => key);
    const answers = options.ledger === 'answers' ? await answersOf(old, keys) : undefined;
    for (const [at, { key, isDecided }] of toTell.entries()) {
      await file.write(line(key, isDecided, answers?.get(at + 1), isHidden));
      if (!isDecided) notDecided += 1;
    }
    lost += page.length;
    redone += page.length - toTell.length;
  }
  await file.close();
  return { lost, redone, notDecided, toTell: lost - redone };
}

type Fate = 'redone' | 'lost' | 'not-decided';
const FATES = { after: 'redone', before: 'lost', doubtful: 'not-decided' } as const;

/**
 * What became of the keys that the new primary has, by their place from 1. A row from before the fork is of an earlier write: its
 * key had expired on the old primary, and was used again there.
 */
async function fatesOf(now: Session, keys: readonly LostKey[], firstXid: FirstXid): Promise<ReadonlyMap<number, Fate>> {
  // The next number by the same snapshot: clients may be sending keys again right now.
  const rows = await rowsOf(now, keys, 'l.xmin, pg_snapshot_xmax(pg_current_snapshot())');
  return new Map(
    rows.map(([place, xmin, next]) => {
      const side = sideOf(xmin ?? '0', firstXid, BigInt(next ?? 0));
      const wasFree = side === 'doubtful' && keys[Number(place) - 1]?.wasFree === true;
      return [Number(place), wasFree ? 'redone' : FATES[side]];
    }),
  );
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
function line(
  lost: LostKey,
  isDecided: boolean,
  answer: string | null | undefined,
  isHidden: (column: string) => boolean,
): string {
  const { actor, key, at, xid, commitLsn, committedAt } = lost;
  const fields: readonly Field[] = [
    ['actor', actor],
    ['key', key],
    ['at', at],
    ...(answer === undefined ? [] : [['answer', answer] as const]),
  ];
  const redone = isDecided ? undefined : 'not-decided';
  return `${JSON.stringify({ ...Object.fromEntries(shown(fields, isHidden)), redone, xid, commitLsn, committedAt })}\n`;
}
