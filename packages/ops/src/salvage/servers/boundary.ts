import { OpsError } from '../../errors.ts';
import { bytesOfLsn } from '../../postgres/lsn.ts';
import type { RunFacts } from '../run-facts.ts';
import type { Recorded } from './recorded.ts';
import type { Session } from './session.ts';
import { inspectWal } from './walinspect.ts';
import { atDistance, distanceSql, type FirstXid, WRAP } from './xid.ts';

/** What was said of the fork: on the command line, in the run file of the failover, and by a tail keeper. */
export interface Given {
  readonly fork: string | undefined;
  readonly firstXid: bigint | undefined;
  readonly run: RunFacts | undefined;
  readonly recorded: Recorded | undefined;
}

/**
 * The position of the fork. The history of the new timeline has it; without the right to read that, it must be given.
 *
 * @throws {OpsError} `ERR_OPS_USAGE`: it is not known, or two sources do not agree
 */
export function settleFork({ fork, run, recorded }: Given, history: string | undefined): string {
  // Where the history can be read, the row was compared with it. The old primary may have left the common timeline before the new one.
  const known = [fork, run?.fork, history ?? recorded?.fork].filter((one) => one !== undefined);
  const [first] = known;
  if (first === undefined) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      'the fork is not known, and no tail keeper has recorded it: name the run file (--run) or the position (--fork), or give the role EXECUTE on pg_read_file and pg_read_server_files',
    );
  }
  if (known.some((one) => bytesOfLsn(one) !== bytesOfLsn(first))) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      `the fork is not certain: ${known.join(' and ')} (--fork, --run, timeline history or regionkit.tail)`,
    );
  }
  return first;
}

/** What bounds the first transaction after the fork. */
export interface Bounds {
  /** Numbers of the shared history: each of them is below the first one after the fork. */
  readonly shared: readonly (bigint | undefined)[];
  /** The next transaction, as the first checkpoint of the new timeline has it. */
  readonly checkpoint: bigint | undefined;
  /** The next transaction of the new primary now. */
  readonly next: bigint;
}

/**
 * The first transaction after the fork. Pure.
 *
 * @throws {OpsError} `ERR_OPS_USAGE`: what a tail keeper has recorded cannot be right
 */
export function settleFirstXid({ firstXid, run, recorded }: Given, { shared, checkpoint, next }: Bounds): FirstXid {
  if (firstXid !== undefined) return { low: firstXid, high: firstXid };
  const above = shared.flatMap((xid) => (xid === undefined ? [] : [xid + 1n]));
  const low = [run?.firstXidAtLeast ?? 0n, ...above].reduce((a, b) => (b > a ? b : a), 0n);
  if (recorded?.firstXid !== undefined && low > recorded.firstXid) {
    throw new OpsError(
      'ERR_OPS_USAGE',
      `the first transaction is not certain: ${recorded.firstXid} or a lower one by regionkit.tail, and at least ${low} by the old primary or the run file. Name it (--first-xid)`,
    );
  }
  const highs = [run?.firstXid, recorded?.firstXid, checkpoint].filter((xid) => xid !== undefined);
  const [high = next] = [...highs, next].sort((a, b) => (a < b ? -1 : 1));
  return { low: low > high ? high : low, high };
}

/** The highest transaction number in the WAL between two positions. Undefined: none, or pg_walinspect is not there. */
export async function readHighestXid(
  session: Session,
  { from, to }: { readonly from: string; readonly to: string },
  next: bigint,
): Promise<bigint | undefined> {
  if (bytesOfLsn(from) >= bytesOfLsn(to)) return undefined;
  return inspectWal(session, async (schema) => {
    const [row] = await session.query<{ distance: string | null }>(
      `SELECT max(${distanceSql('$3')}) AS distance
       FROM ${schema}.pg_get_wal_records_info($1::pg_lsn, $2::pg_lsn) WHERE xid <> '0'::xid`,
      [from, to, (next % WRAP).toString()],
    );
    const distance = row?.distance;
    return distance == null ? undefined : atDistance(BigInt(distance), next);
  });
}

const SEGMENT = 16n * 1_024n ** 2n;

/** The highest transaction number in the last WAL before the fork, as far as the server still has it. */
export async function readHighestXidBefore(session: Session, fork: string, next: bigint): Promise<bigint | undefined> {
  const segment = bytesOfLsn(fork) / SEGMENT;
  for (const from of [segment - 1n, segment]) {
    const found =
      from < 1n ? undefined : await readHighestXid(session, { from: lsnOf(from * SEGMENT), to: fork }, next);
    if (found !== undefined) return found;
  }
  return undefined;
}

const lsnOf = (bytes: bigint): string => `${(bytes >> 32n).toString(16)}/${(bytes & 0xffffffffn).toString(16)}`;

/** Reads what the first checkpoint after the fork says of the next transaction. Undefined: pg_walinspect is not there. */
export async function readFirstCheckpoint(session: Session, fork: string): Promise<bigint | undefined> {
  return inspectWal(session, async (schema) => {
    const [row] = await session.query<{ description: string }>(
      `SELECT description FROM ${schema}.pg_get_wal_records_info($1::pg_lsn, pg_current_wal_flush_lsn())
       WHERE resource_manager = 'XLOG' AND record_type LIKE 'CHECKPOINT%' ORDER BY start_lsn LIMIT 1`,
      [fork],
    );
    const [, epoch, xid] = /\bxid (\d+):(\d+)/.exec(row?.description ?? '') ?? [];
    return epoch === undefined || xid === undefined ? undefined : (BigInt(epoch) << 32n) + BigInt(xid);
  });
}
