import { checkConfig } from '../../src/config/check-config.ts';
import type { OperationsConfig } from '../../src/config/config.ts';
import { CHECKS } from '../../src/doctor/checks.ts';
import type { NodeFacts } from '../../src/doctor/facts.ts';
import type { ExaminedNode, Fleet } from '../../src/doctor/fleet.ts';
import { NO_FRONT } from '../../src/doctor/front/front.ts';
import type { Unreachable } from '../../src/postgres/ask.ts';

type Changes = Partial<NodeFacts>;

const MIB = 1_024 ** 2;
export const NOW_MS = 1_800_000_000_000;

const SETTINGS: Readonly<Record<string, string>> = {
  max_connections: '100',
  max_worker_processes: '8',
  max_wal_senders: '10',
  max_prepared_transactions: '0',
  max_locks_per_transaction: '64',
  superuser_reserved_connections: '3',
  reserved_connections: '0',
  max_slot_wal_keep_size: '4096',
  wal_keep_size: '1024',
  wal_receiver_timeout: '60000',
  hot_standby: 'on',
  wal_log_hints: 'on',
  data_checksums: 'on',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  synchronous_standby_names: '',
  recovery_min_apply_delay: '0',
};

/** A primary in good health. */
export const PRIMARY: NodeFacts = {
  version: 180_004,
  system: '7000000000000000001',
  inRecovery: false,
  nowMs: NOW_MS,
  startedMs: NOW_MS - 86_400_000,
  timeline: 3,
  settings: SETTINGS,
  pendingRestart: [],
  role: { name: 'monitor', monitor: true },
  position: { writtenBytes: 900 * MIB, receivedBytes: null, replayedBytes: null },
  replayPaused: null,
  restores: false,
  archiveFails: false,
  senders: [
    { name: 'eu', state: 'streaming', sync: 'async', behindBytes: 0 },
    { name: 'ap', state: 'streaming', sync: 'async', behindBytes: 0 },
  ],
  receiver: null,
  slots: [],
  connections: { used: 10, oldestIdleMs: null, oldestPreparedMs: null },
  collations: [{ name: 'of the database', recorded: '153.14', actual: '153.14' }],
  extensions: [{ name: 'plpgsql', version: '1.0', available: true, newest: '1.0' }],
  readOnlyByServer: false,
  readOnlyFor: [],
  tablesWithoutKey: [],
  unloggedTables: [],
  tail: null,
  promotions: null,
};

export const STANDBY: NodeFacts = {
  ...PRIMARY,
  inRecovery: true,
  position: { writtenBytes: null, receivedBytes: 900 * MIB, replayedBytes: 900 * MIB },
  replayPaused: false,
  senders: [],
  receiver: { status: 'streaming', timeline: 3, silentMs: 400 },
};

/** `settings` are added to the usual ones; `why` is the reason why a server did not answer. */
export type NodeChanges = Changes & { readonly why?: Unreachable; readonly aheadMs?: number };

/** A region that is cut off can be fenced. */
export const FENCED = { hooks: { fence: [{ command: ['fence'] }] } };

/** Three servers in good health, `us/0` the primary, with changes by their id, and the configuration with its own. */
export function fleetOf(
  changes: Readonly<Record<string, NodeChanges>> = {},
  config: Partial<OperationsConfig> = {},
  more: Partial<Fleet> = {},
): Fleet {
  const regions = { us: {}, eu: {}, ap: {} };
  const nodes = Object.keys(regions).map((region): ExaminedNode => {
    const id = `${region}/0`;
    const { why, aheadMs = 0, settings, ...facts } = changes[id] ?? {};
    const healthy = (facts.inRecovery ?? region !== 'us') ? STANDBY : PRIMARY;
    const value = { ...healthy, nowMs: NOW_MS + aheadMs, ...facts, settings: { ...SETTINGS, ...settings } };
    return {
      id,
      region,
      answer: why === undefined ? { ok: true, value, tookMs: 5 } : { ok: false, why, code: undefined },
      askedAtMs: NOW_MS,
      uncertainMs: 20,
    };
  });
  return {
    config: checkConfig({ regions, failover: FENCED, ...config }, {}),
    nodes,
    front: NO_FRONT,
    managers: [],
    processes: [],
    silentDoors: [],
    nowMs: NOW_MS,
    ...more,
  };
}

/** What all checks together find: `level id where`. */
export const foundIn = (fleet: Fleet): readonly string[] =>
  CHECKS.flatMap(({ id, find }) => find(fleet).map(({ level, where }) => `${level} ${id} ${where}`));

export const evidenceOf = (fleet: Fleet): readonly string[] =>
  CHECKS.flatMap(({ find }) => find(fleet).map(({ evidence }) => evidence));
