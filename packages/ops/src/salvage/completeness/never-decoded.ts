import type { TableName } from '../decode/change.ts';
import type { Session } from '../servers/session.ts';
import { type FirstXid, WRAP } from '../servers/xid.ts';
import { idOf } from '../tables/table.ts';

/** What no list can have, as far as SQL shows it. */
export interface NeverDecoded {
  /** Sequences of the old primary that are ahead of the new one. */
  readonly sequences: readonly SequenceAhead[];
  /** Sequences that the role may not read on one of the servers: they were not compared. */
  readonly unreadableSequences: readonly string[];
  /** Large objects that were made or changed hands on the old primary since the fork. Undefined: not known. */
  readonly largeObjects: number | undefined;
  /** Unlogged tables of the old primary: their rows are on no other server. */
  readonly unloggedTables: readonly string[];
  /** Materialized views that the old primary has refreshed: their rows come from other tables. Undefined: not known. */
  readonly materializedViews: readonly string[] | undefined;
  /** Prepared and never committed on the old primary. */
  readonly preparedOnOld: readonly string[];
  /** Prepared on the new primary alone: the old one has committed it, or rolled it back. */
  readonly preparedOnNew: readonly string[];
}

export interface SequenceAhead {
  readonly schema: string;
  readonly name: string;
  readonly old: string;
  /** Undefined: the new primary does not have it, or has not used it. */
  readonly new: string | undefined;
}

const SEQUENCES = `SELECT schemaname AS schema, sequencename AS name, last_value::text AS last,
  sign(increment_by)::text AS direction FROM pg_sequences WHERE last_value IS NOT NULL ORDER BY 1, 2`;

const UNREADABLE = `SELECT n.nspname AS schema, c.relname AS name FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relpersistence <> 't' AND NOT has_sequence_privilege(s.seqrelid, 'SELECT,USAGE') ORDER BY 1, 2`;

const PREPARED = `SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared, gid`;

/** More names than these are of no use to a person. */
const MAX_NAMES = 1_000;

interface Sequence {
  readonly schema: string;
  readonly name: string;
  readonly last: string;
  readonly direction: string;
}

export async function readNeverDecoded(
  old: Session,
  now: Session,
  first: FirstXid,
): Promise<Omit<NeverDecoded, 'materializedViews'>> {
  const hidden = new Set<string>();
  for (const session of [old, now]) for (const one of await session.query<TableName>(UNREADABLE)) hidden.add(idOf(one));
  const here = await old.query<Sequence>(SEQUENCES);
  const there = new Map((await now.query<Sequence>(SEQUENCES)).map((one) => [idOf(one), one.last]));
  const sequences = here.flatMap(({ schema, name, last, direction }): SequenceAhead[] => {
    const other = there.get(idOf({ schema, name }));
    if (hidden.has(idOf({ schema, name }))) return [];
    const ahead = other === undefined || (BigInt(last) - BigInt(other)) * BigInt(direction) > 0n;
    return ahead ? [{ schema, name, old: last, new: other }] : [];
  });
  const gids = async (session: Session): Promise<readonly string[]> =>
    (await session.query<{ gid: string }>(PREPARED)).map(({ gid }) => gid);
  const [preparedOnOld, preparedOnNew] = [await gids(old), await gids(now)];
  const unlogged = await old.query<{ name: string }>(
    `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE relpersistence = 'u' AND relkind = 'r' ORDER BY 1 LIMIT ${MAX_NAMES}`,
  );
  return {
    sequences,
    unreadableSequences: [...hidden].map((id) => (JSON.parse(id) as string[]).join('.')).sort(),
    largeObjects: first.low === 0n ? undefined : await countLargeObjects(old, first),
    unloggedTables: unlogged.map(({ name }) => name),
    preparedOnOld,
    preparedOnNew: preparedOnNew.filter((gid) => !preparedOnOld.includes(gid)),
  };
}

/** By the transaction that wrote their entry. Their content is not read: it needs a superuser. */
async function countLargeObjects(session: Session, { low }: FirstXid): Promise<number> {
  const [row] = await session.query<{ count: string }>(
    `SELECT count(*) AS count FROM pg_largeobject_metadata WHERE age(xmin) BETWEEN 0 AND age($1::text::xid)`,
    [(low % WRAP).toString()],
  );
  return Number(row?.count ?? 0);
}
