import type { Check } from './check.ts';
import { appWarnings } from './checks/app-warnings.ts';
import { applyDelay } from './checks/apply-delay.ts';
import { archiveFails } from './checks/archive-fails.ts';
import { cannotFence } from './checks/cannot-fence.ts';
import { clockOffset } from './checks/clock-offset.ts';
import { collationVersions } from './checks/collation-versions.ts';
import { connectionHeadroom } from './checks/connection-headroom.ts';
import { connectionsUsed } from './checks/connections-used.ts';
import { dnsNames } from './checks/dns-names.ts';
import { dnsTtl } from './checks/dns-ttl.ts';
import { extensionVersions } from './checks/extension-versions.ts';
import { failoverTime } from './checks/failover-time.ts';
import { foreignSystem } from './checks/foreign-system.ts';
import { forkNotRecorded } from './checks/fork-not-recorded.ts';
import { healthPath } from './checks/health-path.ts';
import { hotStandbyOff } from './checks/hot-standby-off.ts';
import { managerDropsTail } from './checks/manager-drops-tail.ts';
import { managerRewinds } from './checks/manager-rewinds.ts';
import { noPgMonitor } from './checks/no-pg-monitor.ts';
import { noRewind } from './checks/no-rewind.ts';
import { noTailKeeper } from './checks/no-tail-keeper.ts';
import { noWriter } from './checks/no-writer.ts';
import { notDurable } from './checks/not-durable.ts';
import { notStreaming } from './checks/not-streaming.ts';
import { oldTimeline } from './checks/old-timeline.ts';
import { oldTransactions } from './checks/old-transactions.ts';
import { pendingRestart } from './checks/pending-restart.ts';
import { planControlPlane } from './checks/plan-control-plane.ts';
import { poolOptions } from './checks/pool-options.ts';
import { postgresVersions } from './checks/postgres-versions.ts';
import { readOnlyDefault } from './checks/read-only-default.ts';
import { receiverSilent } from './checks/receiver-silent.ts';
import { replayBehind } from './checks/replay-behind.ts';
import { replayPaused } from './checks/replay-paused.ts';
import { secretsDiffer } from './checks/secrets-differ.ts';
import { slotHoldsWal } from './checks/slot-holds-wal.ts';
import { slotInvalid } from './checks/slot-invalid.ts';
import { slotUnbounded } from './checks/slot-unbounded.ts';
import { standbyBehind } from './checks/standby-behind.ts';
import { standbySettings } from './checks/standby-settings.ts';
import { syncStandby } from './checks/sync-standby.ts';
import { tablesWithoutKey } from './checks/tables-without-key.ts';
import { tailLeftBehind } from './checks/tail-left-behind.ts';
import { tailNearlyFull } from './checks/tail-nearly-full.ts';
import { tailNotKept } from './checks/tail-not-kept.ts';
import { tailNotTicking } from './checks/tail-not-ticking.ts';
import { tlsCertificates } from './checks/tls-certificates.ts';
import { twoWriters } from './checks/two-writers.ts';
import { unloggedTables } from './checks/unlogged-tables.ts';
import { unreachable } from './checks/unreachable.ts';
import { walNotKept } from './checks/wal-not-kept.ts';

/** Every check, the most valuable first. */
export const CHECKS: readonly Check[] = [
  twoWriters,
  noWriter,
  unreachable,
  noPgMonitor,
  foreignSystem,
  oldTimeline,
  notStreaming,
  receiverSilent,
  standbyBehind,
  replayPaused,
  replayBehind,
  standbySettings,
  slotInvalid,
  slotHoldsWal,
  slotUnbounded,
  walNotKept,
  tailNotKept,
  tailNotTicking,
  tailNearlyFull,
  tailLeftBehind,
  forkNotRecorded,
  syncStandby,
  archiveFails,
  connectionHeadroom,
  connectionsUsed,
  poolOptions,
  secretsDiffer,
  healthPath,
  tlsCertificates,
  managerRewinds,
  managerDropsTail,
  cannotFence,
  planControlPlane,
  readOnlyDefault,
  collationVersions,
  extensionVersions,
  pendingRestart,
  postgresVersions,
  hotStandbyOff,
  applyDelay,
  notDurable,
  noRewind,
  tablesWithoutKey,
  unloggedTables,
  noTailKeeper,
  oldTransactions,
  clockOffset,
  dnsNames,
  dnsTtl,
  failoverTime,
  appWarnings,
];
