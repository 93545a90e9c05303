import type { Session } from '../servers/session.ts';
import { inspectWal, readByPages } from '../servers/walinspect.ts';
import { fullXid, type XidSet } from '../servers/xid.ts';

/** Whose rows the commits changed that were decoded nowhere. Subtransactions count for themselves. */
export interface ChangedDatabases {
  /** Transactions that changed rows of this database. */
  readonly here: number;
  /** Transactions that changed rows of another database, or of the catalogs that all databases share. */
  readonly elsewhere: number;
  /** The names of those databases. */
  readonly names: readonly string[];
}

const NONE: ChangedDatabases = { here: 0, elsewhere: 0, names: [] };

/** Records that change no row: locks, and what a vacuum does. */
const NO_ROW = '^(LOCK|INPLACE|PRUNE|VISIBLE|FREEZE|VACUUM|NEW_CID)';

/** ANALYZE alone writes these tables of statistics, and their large values. Each database has them under these numbers. */
const STATISTICS = '/(2619|2840|3429|3430) ';

/**
 * Examines all commits that were decoded nowhere, however many they are. Undefined: the server does not show the WAL.
 * Those that changed rows nowhere wrote nothing that the WAL has (unlogged tables, row locks).
 */
export async function readChangedDatabases(
  session: Session,
  fork: string,
  next: bigint,
  databaseOid: string,
  unexplained: XidSet,
): Promise<ChangedDatabases | undefined> {
  if (unexplained.size === 0) return NONE;
  return inspectWal(session, async (schema) => {
    let [here, elsewhere] = [0, 0];
    const others = new Set<string>();
    // The fork is checked before: it is two hexadecimal numbers.
    const rows = readByPages(
      session,
      `SELECT DISTINCT xid::text, substring(block_ref FROM 'rel [0-9]+/([0-9]+)/')
      FROM ${schema}.pg_get_wal_records_info('${fork}'::pg_lsn, pg_current_wal_flush_lsn())
      WHERE xid <> '0'::xid AND resource_manager IN ('Heap', 'Heap2') AND record_type !~ '${NO_ROW}'
        AND block_ref ~ 'rel [0-9]+/' AND (block_ref || ' ') !~ ('rel [0-9]+/[0-9]+' || '${STATISTICS}')`,
    );
    for await (const [xid, oid] of rows) {
      if (oid == null || !unexplained.has(fullXid(xid ?? '0', next))) continue;
      if (oid === databaseOid) here += 1;
      else {
        elsewhere += 1;
        others.add(oid);
      }
    }
    const names = await session.lists(
      `SELECT coalesce(to_json(datname)::text, CASE WHEN o = '0' THEN 'shared catalogs' ELSE 'dropped, ' || o END)
       FROM unnest($1::text[]) AS o LEFT JOIN pg_database d ON d.oid::text = o ORDER BY 1`,
      [[...others]],
    );
    return { here, elsewhere, names: names.map(([name]) => name ?? '') };
  });
}
