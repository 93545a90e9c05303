import { bytesOfLsn } from '../../postgres/lsn.ts';
import type { ServerFacts } from '../servers/server-facts.ts';
import type { Session } from '../servers/session.ts';
import { fullXid } from '../servers/xid.ts';

/** The slot that kept the WAL of the old primary. */
export interface SlotState {
  readonly name: string;
  readonly plugin: string | undefined;
  readonly database: string | undefined;
  readonly isActive: boolean;
  readonly isTwoPhase: boolean;
  readonly isLost: boolean;
  /** Everything that was committed before this position can no longer be decoded. */
  readonly confirmedFlush: string | undefined;
  readonly restart: string | undefined;
  /** Every transaction below it had ended at that position. */
  readonly oldestXid: bigint | undefined;
}

/** The name that the tail keeper gives to its slot: one for each database. */
export const slotNameOf = ({ databaseOid }: Pick<ServerFacts, 'databaseOid'>): string =>
  `regionkit_tail_${databaseOid}`;

const SQL = `SELECT plugin, database, active, two_phase, confirmed_flush_lsn::text AS confirmed, restart_lsn::text AS restart,
  catalog_xmin::text AS oldest,
  coalesce(wal_status = 'lost' OR to_jsonb(s)->>'invalidation_reason' IS NOT NULL, false) AS lost
  FROM pg_replication_slots s WHERE slot_name = $1`;

/** Undefined: there is no such slot. */
export async function readSlot(session: Session, name: string, next: bigint): Promise<SlotState | undefined> {
  const [row] = await session.query<Record<string, string | null>>(SQL, [name]);
  if (row === undefined) return undefined;
  return {
    name,
    plugin: row['plugin'] ?? undefined,
    database: row['database'] ?? undefined,
    isActive: row['active'] === 't',
    isTwoPhase: row['two_phase'] === 't',
    isLost: row['lost'] === 't',
    confirmedFlush: row['confirmed'] ?? undefined,
    restart: row['restart'] ?? undefined,
    oldestXid: row['oldest'] == null ? undefined : fullXid(row['oldest'], next),
  };
}

/** Why the slot cannot give all lost writes. Pure. Undefined: it can. */
export function whyUnusable(
  slot: SlotState | undefined,
  name: string,
  database: string,
  fork: string,
): string | undefined {
  if (slot === undefined) return `the old primary has no slot ${name}`;
  if (slot.plugin !== 'test_decoding') return `the slot ${name} is not one of the plugin test_decoding`;
  if (slot.database !== database) return `the slot ${name} belongs to another database`;
  if (slot.isLost) return `the slot ${name} has lost its WAL`;
  if (slot.isActive) return `the slot ${name} is in use by another connection`;
  if (slot.isTwoPhase) return `the slot ${name} decodes prepared transactions (two_phase), which is not supported`;
  if (slot.confirmedFlush === undefined || bytesOfLsn(slot.confirmedFlush) > bytesOfLsn(fork)) {
    return `the slot ${name} was moved past the fork: a part of the lost writes can no longer be decoded`;
  }
  return undefined;
}
