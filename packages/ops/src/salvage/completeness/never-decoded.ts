import type { Session } from '../servers/session.ts';
import { type FirstXid, WRAP } from '../servers/xid.ts';

/** What logical decoding never shows, as far as SQL does. */
export interface NeverDecoded {
  /** Sequences of the old primary that are ahead of the new one. */
  readonly sequences: readonly SequenceAhead[];
  /** Large objects that were made or changed hands on the old primary since the fork. Undefined: not known. */
  readonly largeObjects: number | undefined;
  /** Unlogged tables of the old primary: their rows are on no other server. */
  readonly unloggedTables: readonly string[];
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

const PREPARED = `SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared, gid`;

/** More names than these are of no use to a person. */
const MAX_NAMES = 1_000;

interface Sequence {
  readonly schema: string;
  readonly name: string;
  readonly last: string;
  readonly direction: string;
}

export async function readNeverDecoded(old: Session, now: Session, first: FirstXid): Promise<NeverDecoded> {
  const here = await old.query<Sequence>(SEQUENCES);
  const there = new Map(
    (await now.query<Sequence>(SEQUENCES)).map((one) => [JSON.stringify([one.schema, one.name]), one.last]),
  );
  const sequences = here.flatMap(({ schema, name, last, direction }): SequenceAhead[] => {
    const other = there.get(JSON.stringify([schema, name]));
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
