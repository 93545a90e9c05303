import type { Session } from '../servers/session.ts';
import { walInspectSchema } from '../servers/walinspect.ts';
import { fullXid, XidSet } from '../servers/xid.ts';

/** What pg_walinspect shows of the WAL behind the fork. */
export interface WalCommits {
  readonly commits: XidSet;
  /** The subtransactions of these transactions. Each has its own status, and is decoded with its transaction. */
  readonly subtransactions: XidSet;
  readonly prepared: XidSet;
}

/** So many records are in memory at once. */
const PAGE = 5_000;

/** Reads the commits of the WAL, in a transaction of its own. Undefined: the server does not show them. */
export async function readWalCommits(session: Session, fork: string, next: bigint): Promise<WalCommits | undefined> {
  const schema = await walInspectSchema(session);
  if (schema === undefined) return undefined;
  const commits = new XidSet();
  const subtransactions = new XidSet();
  const prepared = new XidSet();
  await session.query('BEGIN READ ONLY');
  try {
    // A cursor takes no parameter. The fork is checked before: it is two hexadecimal numbers.
    await session.query(`DECLARE regionkit_wal NO SCROLL CURSOR FOR SELECT xid::text, record_type, description
      FROM ${schema}.pg_get_wal_records_info('${fork}'::pg_lsn, pg_current_wal_flush_lsn())
      WHERE resource_manager = 'Transaction' AND record_type LIKE 'COMMIT%'`);
    for (;;) {
      const page = await session.lists(`FETCH FORWARD ${PAGE} FROM regionkit_wal`);
      for (const [xid, type, description] of page) {
        const record = parseCommit(xid ?? '0', type ?? '', description ?? '');
        commits.add(fullXid(record.xid, next));
        if (record.isPrepared) prepared.add(fullXid(record.xid, next));
        for (const one of record.subtransactions) subtransactions.add(fullXid(one, next));
      }
      if (page.length < PAGE) break;
    }
    return { commits, subtransactions, prepared };
  } catch (error) {
    if ((error as { code?: unknown }).code === undefined) throw error;
    return undefined;
  } finally {
    await session.query('ROLLBACK').catch(() => {});
  }
}

interface CommitRecord {
  readonly xid: string;
  readonly isPrepared: boolean;
  readonly subtransactions: readonly string[];
}

/** The record of COMMIT PREPARED is not of the transaction itself: its description begins with the number. Pure. */
export function parseCommit(xid: string, type: string, description: string): CommitRecord {
  const isPrepared = type === 'COMMIT_PREPARED';
  const named = isPrepared ? /^(\d+):/.exec(description)?.[1] : undefined;
  const subtransactions = /subxacts:((?: \d+)+)/.exec(description)?.[1]?.trim().split(' ') ?? [];
  return { xid: named ?? xid, isPrepared, subtransactions };
}

const MAX_ASKED = 1_000;

/**
 * Of commits that were decoded nowhere: those that changed rows of this database. The others wrote in another database,
 * or nothing that the WAL has (unlogged tables, row locks). Undefined: too many to ask.
 */
export async function changedRowsHere(
  session: Session,
  fork: string,
  databaseOid: string,
  xids: readonly bigint[],
): Promise<readonly string[] | undefined> {
  if (xids.length === 0) return [];
  const schema = await walInspectSchema(session);
  if (schema === undefined || xids.length > MAX_ASKED) return undefined;
  const rows = await session.lists(
    `SELECT DISTINCT xid FROM ${schema}.pg_get_wal_records_info($1::pg_lsn, pg_current_wal_flush_lsn())
     WHERE xid::text = ANY($2::text[]) AND resource_manager IN ('Heap', 'Heap2') AND record_type !~ '^LOCK'
       AND block_ref ~ ('rel [0-9]+/' || $3 || '/')`,
    [fork, xids.map((xid) => (xid % (1n << 32n)).toString()), databaseOid],
  );
  return rows.map(([xid]) => xid ?? '');
}
