import { OpsError } from '../../errors.ts';
import { bytesOfLsn } from '../../postgres/lsn.ts';
import type { Session } from './session.ts';
import type { Ancestor } from './timeline-history.ts';

/** What a tail keeper has recorded of a promotion, in `regionkit.tail` of the timeline that it began. */
export interface Recorded {
  readonly timeline: number;
  /** Undefined: the server had been restarted before a keeper looked. */
  readonly fork: string | undefined;
  /** The first transaction of the timeline is this one or a lower one. */
  readonly firstXid: bigint | undefined;
}

const MAY_READ = `SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname = 'regionkit' AND c.relname = 'tail' AND c.relkind = 'r'
    AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')`;

const SQL = `SELECT timeline::text, fork::text, first_xid::text AS xid FROM regionkit.tail
  WHERE system = (SELECT system_identifier FROM pg_control_system()) AND recorded_at IS NOT NULL ORDER BY timeline`;

/** Empty: there is no keeper, or the role may not read it. */
export async function readRecorded(session: Session): Promise<readonly Recorded[]> {
  if ((await session.query(MAY_READ)).length === 0) return [];
  const rows = await session.query<{ timeline: string; fork: string | null; xid: string | null }>(SQL);
  return rows.map(({ timeline, fork, xid }) => ({
    timeline: Number(timeline),
    fork: fork ?? undefined,
    firstXid: xid === null ? undefined : BigInt(xid),
  }));
}

interface Side {
  readonly timeline: number;
  /** Undefined: the role may not read the history. */
  readonly ancestors: readonly Ancestor[] | undefined;
}

/**
 * The row of the timeline that the new primary began where it left the old one. Pure.
 *
 * Without the history of the new primary only the next timeline is certain to be that one: its row was replicated to the new primary, so
 * the new primary has been on it. After two promotions, of which the first was not recorded, the second one is another fork.
 *
 * @throws {OpsError} `ERR_OPS_USAGE`: a row and the history of the new primary do not agree
 */
export function findRecorded(rows: readonly Recorded[], old: Side, now: Side): Recorded | undefined {
  const { ancestors } = now;
  if (ancestors === undefined) return rows.find(({ timeline }) => timeline === old.timeline + 1);
  const path = [...ancestors.map(({ timeline }) => timeline), now.timeline];
  for (const { timeline, fork } of rows) {
    const begins = ancestors[path.indexOf(timeline) - 1]?.leftAt;
    if (begins === undefined || fork === undefined || bytesOfLsn(begins) === bytesOfLsn(fork)) continue;
    throw new OpsError(
      'ERR_OPS_USAGE',
      `the fork is not certain: timeline ${timeline} begins at ${begins} by the history of the new primary, and at ${fork} by its table regionkit.tail. Find out which is right, and delete the row if it is wrong`,
    );
  }
  // Without the history of the old primary: it has left the path where it is now.
  const pathOfOld = old.ancestors ?? ancestors.slice(0, Math.max(0, path.indexOf(old.timeline)));
  const shared = new Set([...pathOfOld.map(({ timeline }) => timeline), old.timeline]);
  const first = path.find((timeline) => !shared.has(timeline));
  return path.includes(old.timeline) || old.ancestors !== undefined
    ? rows.find(({ timeline }) => timeline === first)
    : undefined;
}
