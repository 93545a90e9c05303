import { describe, expect, it } from 'vitest';
import type { OperationsConfig } from '../../src/config/config.ts';
import { CHECKS } from '../../src/doctor/checks.ts';
import type { Promotions, Tail } from '../../src/doctor/facts.ts';
import { type ExaminedHost, type ExaminedRegion, type Front, NO_FRONT } from '../../src/doctor/front/front.ts';
import type { Seen as SeenOfRequest, Unseen } from '../../src/doctor/front/request.ts';
import type { ExaminedPatroni, PatroniFacts } from '../../src/doctor/manager/patroni.ts';
import type { PoolLimits } from '../../src/operator/pool-limits.ts';
import { evidenceOf, FENCED, fleetOf, foundIn, NOW_MS, type NodeChanges, PRIMARY } from './fleet.ts';

const MIB = 1_024 ** 2;

/** A fault, what all checks together find of it, and the evidence. */
type Case = readonly [
  fault: string,
  changes: Readonly<Record<string, NodeChanges>>,
  found: readonly string[],
  evidence?: string | undefined,
  config?: Partial<OperationsConfig>,
];

const slot = { name: 'old_eu', physical: true, active: false, status: 'extended', reason: null, heldBytes: 0 };
const twoMiB = { ...slot, heldBytes: 2 * MIB };
const tail: Tail = {
  slot: 'regionkit_tail_5',
  database: 'app',
  exists: true,
  usable: true,
  lost: false,
  heldBytes: MIB,
  tickedMs: NOW_MS - 5_000,
  showsTicks: true,
  readable: true,
};
const recorded = {
  timeline: 3,
  isFull: true,
  hasFork: true,
  wasDropped: false,
  maxHeldBytes: 100 * MIB,
  dueMs: 20_000,
};
const promotions: Promotions = { recorded: [recorded], checkpointed: 3 };
const kept = { tail, promotions };
const tailSlot = { ...slot, name: tail.slot, physical: false };

const CASES: readonly Case[] = [
  ['nothing', {}, []],
  [
    'a standby that was promoted beside its primary',
    { 'eu/0': { inRecovery: false, timeline: 4 }, 'ap/0': { timeline: 4 } },
    ['fault two-writers fleet'],
    'us/0 (timeline 3) and eu/0 (timeline 4) take writes.',
  ],
  [
    'two writers, and a standby that follows the old one',
    { 'eu/0': { inRecovery: false, timeline: 4 } },
    ['fault two-writers fleet', 'fault old-timeline ap/0'],
  ],
  ['one primary under two names', { 'eu/0': { inRecovery: false } }, []],
  [
    'no primary',
    { 'us/0': { inRecovery: true } },
    ['fault no-writer fleet'],
    'All 3 servers of the configuration are standbys.',
  ],
  ['a primary that does not answer', { 'us/0': { why: 'timed-out' } }, ['unknown unreachable us/0']],
  [
    'no server that answers',
    { 'us/0': { why: 'refused' }, 'eu/0': { why: 'refused' }, 'ap/0': { why: 'refused' } },
    ['unknown unreachable us/0', 'unknown unreachable eu/0', 'unknown unreachable ap/0'],
  ],
  [
    'a role that sees nothing',
    { 'eu/0': { role: { name: 'app', monitor: false }, receiver: { status: null, timeline: null, silentMs: null } } },
    ['unknown no-pg-monitor eu/0'],
  ],
  [
    'a server of another system',
    { 'ap/0': { system: '7000000000000000002', timeline: 9 } },
    ['fault foreign-system ap/0'],
    'ap/0 is of the system 7000000000000000002; the others are of 7000000000000000001.',
  ],
  [
    'a primary of another system',
    { 'ap/0': { system: '7000000000000000002', inRecovery: false, timeline: 1 } },
    ['fault foreign-system ap/0'],
  ],
  [
    'a standby that still follows the former primary',
    { 'eu/0': { timeline: 2 } },
    ['fault old-timeline eu/0'],
    'eu/0 is a standby on timeline 2; the newest is 3.',
  ],
  [
    'a primary that was taken back',
    { 'eu/0': { timeline: 4 }, 'ap/0': { timeline: 4 } },
    ['fault old-timeline us/0'],
    'us/0 takes writes on timeline 3; the newest is 4.',
  ],
  ['a standby without a receiver', { 'eu/0': { receiver: null, timeline: 2 } }, ['fault not-streaming eu/0']],
  [
    'a receiver that waits',
    { 'eu/0': { receiver: { status: 'waiting', timeline: 3, silentMs: 10 } } },
    ['fault not-streaming eu/0'],
    'The WAL receiver of eu/0 is waiting.',
  ],
  [
    'a receiver that hears nothing',
    { 'eu/0': { receiver: { status: 'streaming', timeline: 3, silentMs: 46_000 } } },
    ['fault receiver-silent eu/0'],
    'eu/0 shows "streaming", but received nothing for 46 s.',
  ],
  ['an idle primary', { 'eu/0': { receiver: { status: 'streaming', timeline: 3, silentMs: 31_000 } } }, []],
  [
    'a receiver that would wait forever',
    { 'eu/0': { settings: { wal_receiver_timeout: '0' } } },
    ['warning receiver-silent eu/0'],
  ],
  [
    'a receiver that waits forever',
    {
      'eu/0': {
        settings: { wal_receiver_timeout: '0' },
        receiver: { status: 'streaming', timeline: 3, silentMs: 50_000 },
      },
    },
    ['fault receiver-silent eu/0'],
  ],
  [
    'a standby that has not received everything',
    { 'eu/0': { position: { writtenBytes: null, receivedBytes: 800 * MIB, replayedBytes: 800 * MIB } } },
    ['fault standby-behind eu/0'],
    'eu/0 has not received 100 MB that us/0 wrote.',
  ],
  [
    'a standby within the limit',
    { 'eu/0': { position: { writtenBytes: null, receivedBytes: 840 * MIB, replayedBytes: 780 * MIB } } },
    [],
  ],
  [
    'a standby that has not replayed everything',
    { 'eu/0': { position: { writtenBytes: null, receivedBytes: 900 * MIB, replayedBytes: 700 * MIB } } },
    ['fault replay-behind eu/0'],
    'eu/0 has received 200 MB that it has not replayed.',
  ],
  [
    'paused replay, and what follows from it',
    {
      'eu/0': {
        replayPaused: true,
        position: { writtenBytes: null, receivedBytes: 900 * MIB, replayedBytes: 100 * MIB },
      },
    },
    ['fault replay-paused eu/0'],
  ],
  ...(
    [
      ['max_connections', '90', '100'],
      ['max_worker_processes', '4', '8'],
      ['max_wal_senders', '5', '10'],
      ['max_prepared_transactions', '0', '5'],
      ['max_locks_per_transaction', '32', '64'],
    ] as const
  ).map(
    ([name, low, high]): Case => [
      `a standby with less ${name}, which pauses replay`,
      {
        'us/0': { settings: { [name]: high } },
        'eu/0': { settings: { [name]: high } },
        'ap/0': { settings: { [name]: low }, replayPaused: true },
      },
      ['fault standby-settings ap/0'],
      `ap/0 has less than the primary us/0: ${name} ${low} < ${high}.`,
    ],
  ),
  ['a standby with more', { 'ap/0': { settings: { max_connections: '200' } } }, ['warning standby-settings ap/0']],
  ['a lost slot', { 'us/0': { slots: [{ ...slot, status: 'lost', heldBytes: null }] } }, ['fault slot-invalid us/0']],
  [
    'a slot that was invalidated',
    { 'us/0': { slots: [{ ...slot, status: 'lost', reason: 'idle_timeout', heldBytes: null }] } },
    ['fault slot-invalid us/0'],
    'The slot old_eu of us/0 was invalidated (idle_timeout), so its reader cannot continue.',
  ],
  ['a tail that is kept', { 'us/0': { ...kept, slots: [tailSlot], settings: { wal_level: 'logical' } } }, []],
  ['no tail keeper', { 'us/0': { settings: { wal_level: 'logical' } } }, ['note no-tail-keeper us/0']],
  ['no tail keeper, and none that could be', { 'us/0': { settings: { wal_level: 'replica' } } }, []],
  ['a tail without a slot', { 'us/0': { ...kept, tail: { ...tail, exists: false } } }, ['fault tail-not-kept us/0']],
  [
    'a tail without a slot, and without wal_level',
    { 'us/0': { ...kept, tail: { ...tail, exists: false }, settings: { wal_level: 'replica' } } },
    ['fault tail-not-kept us/0'],
    'us/0 has no slot regionkit_tail_5, and cannot have one: wal_level is replica.',
  ],
  [
    'a tail of another plugin',
    { 'us/0': { ...kept, tail: { ...tail, usable: false } } },
    ['fault tail-not-kept us/0'],
    'The slot regionkit_tail_5 of us/0 was not made by a keeper: it has another plugin or another database, or decodes prepared transactions.',
  ],
  [
    'a tail that has lost its WAL: one finding, with the reason',
    {
      'us/0': {
        ...kept,
        tail: { ...tail, lost: true, heldBytes: null },
        slots: [{ ...tailSlot, status: 'lost', reason: 'rows_removed', heldBytes: null }],
      },
    },
    ['fault tail-not-kept us/0'],
    'The slot regionkit_tail_5 of us/0 has lost its WAL (rows_removed).',
  ],
  [
    'a tail whose slot ends when it is idle',
    { 'us/0': { ...kept, settings: { idle_replication_slot_timeout: '3600' } } },
    ['warning tail-not-kept us/0'],
    'idle_replication_slot_timeout of us/0 is 60 min: a slot that is not moved for so long is invalidated, and an old primary moves none.',
  ],
  [
    'a tail that is about to lose its WAL',
    { 'us/0': { ...kept, slots: [{ ...tailSlot, status: 'unreserved' }] } },
    ['fault tail-not-kept us/0'],
  ],
  [
    'a tail that holds more than other slots may',
    {
      'us/0': {
        ...kept,
        tail: { ...tail, heldBytes: 2_000 * MIB },
        promotions: { ...promotions, recorded: [{ ...recorded, maxHeldBytes: 16_000 * MIB }] },
        slots: [{ ...tailSlot, heldBytes: 2_000 * MIB }],
      },
    },
    [],
  ],
  [
    'a tail near its limit',
    { 'us/0': { ...kept, tail: { ...tail, heldBytes: 80 * MIB } } },
    ['warning tail-nearly-full us/0'],
    'The slot regionkit_tail_5 of us/0 holds 80 MB of WAL. The keeper drops it above 100 MB.',
  ],
  ['a tail below that', { 'us/0': { ...kept, tail: { ...tail, heldBytes: 79 * MIB } } }, []],
  [
    'a tail whose keeper is late',
    { 'us/0': { ...kept, tail: { ...tail, tickedMs: NOW_MS - 300_000 } } },
    ['fault tail-not-ticking us/0'],
    'No tail keeper has ticked on us/0 for 5 min.',
  ],
  [
    'a tail whose keeper never ticked',
    { 'us/0': { ...kept, tail: { ...tail, tickedMs: null } } },
    ['fault tail-not-ticking us/0'],
  ],
  [
    'a tail whose server was started a moment ago',
    { 'us/0': { ...kept, startedMs: NOW_MS - 19_000, tail: { ...tail, tickedMs: NOW_MS - 300_000 } } },
    [],
  ],
  [
    'a tail whose server crashed a moment ago',
    { 'us/0': { ...kept, startedMs: NOW_MS - 19_000, tail: { ...tail, tickedMs: null } } },
    [],
  ],
  [
    'a tail whose keeper did not tick since the server was started',
    { 'us/0': { ...kept, startedMs: NOW_MS - 21_000, tail: { ...tail, tickedMs: null } } },
    ['fault tail-not-ticking us/0'],
    'No tail keeper has ticked on us/0 since its slot was made or the server crashed.',
  ],
  [
    'a tail whose ticks cannot be seen',
    { 'us/0': { tail: { ...tail, tickedMs: null, showsTicks: false } } },
    ['note tail-not-ticking us/0'],
    'Whether a tail keeper ticks on us/0 is not known: the owner of its functions may not count the ticks.',
  ],
  [
    'a tail whose records cannot be read',
    { 'us/0': { tail: { ...tail, readable: false } } },
    ['unknown fork-not-recorded us/0'],
    'The role of the configuration may not read what the tail keeper of us/0 has recorded.',
  ],
  [
    'a promotion that is not recorded',
    { 'us/0': { ...kept, promotions: { ...promotions, recorded: [] } } },
    ['warning fork-not-recorded us/0'],
    'regionkit.tail of us/0 does not say where timeline 3 begins.',
  ],
  [
    'a promotion of which only a drop is recorded',
    {
      'us/0': { ...kept, promotions: { ...promotions, recorded: [{ ...recorded, isFull: false, wasDropped: true }] } },
    },
    ['warning fork-not-recorded us/0'],
  ],
  [
    'a promotion of which the fork was not recorded',
    { 'us/0': { ...kept, promotions: { ...promotions, recorded: [{ ...recorded, hasFork: false }] } } },
    ['warning fork-not-recorded us/0'],
    'regionkit.tail of us/0 has the first transaction of timeline 3, and not its fork: the server was restarted before a keeper could record it.',
  ],
  ['a promotion without a checkpoint', { 'us/0': { ...kept, promotions: { recorded: [], checkpointed: 2 } } }, []],
  [
    'the slot of a tail on a standby that streams',
    { 'eu/0': { tail: { ...tail, tickedMs: null, readable: false } } },
    ['warning tail-left-behind eu/0'],
    'eu/0 streams, and has the slot regionkit_tail_5 of the time when it was the primary. It holds 1 MB of WAL.',
  ],
  [
    'the slot of a tail on a standby that may have lost writes',
    { 'eu/0': { tail: { ...tail, tickedMs: null, readable: false }, receiver: null } },
    ['fault not-streaming eu/0'],
  ],
  ['the tail of a standby', { 'eu/0': { tail: { ...tail, exists: false, tickedMs: null, readable: false } } }, []],
  ['a slot about to be lost', { 'us/0': { slots: [{ ...slot, status: 'unreserved' }] } }, ['fault slot-invalid us/0']],
  [
    'a slot that holds WAL',
    { 'us/0': { slots: [{ ...slot, heldBytes: 1_500 * MIB }] } },
    ['fault slot-holds-wal us/0'],
    'The slot old_eu of us/0 holds 1.5 GB of WAL, and its reader is not connected. It is invalidated at 4 GB.',
  ],
  [
    'a slot with a slow reader',
    { 'us/0': { slots: [{ ...twoMiB, active: true }] } },
    ['fault slot-holds-wal us/0'],
    undefined,
    { limits: { slotBytes: MIB } },
  ],
  [
    'slots without a bound',
    { 'us/0': { slots: [slot], settings: { max_slot_wal_keep_size: '-1' } } },
    ['warning slot-unbounded us/0'],
  ],
  [
    'no WAL kept',
    { 'us/0': { settings: { wal_keep_size: '0' } }, 'ap/0': { restores: true } },
    ['warning wal-not-kept eu/0'],
  ],
  ['WAL kept by a slot', { 'us/0': { settings: { wal_keep_size: '0' }, slots: [slot] } }, []],
  [
    'a synchronous standby that is not there',
    { 'us/0': { settings: { synchronous_standby_names: 'ANY 1 (lost)' } } },
    ['fault sync-standby us/0'],
  ],
  [
    'a synchronous standby that is there',
    {
      'us/0': {
        settings: { synchronous_standby_names: 'ANY 1 (eu)' },
        senders: [{ name: 'eu', state: 'streaming', sync: 'quorum', behindBytes: 0 }],
      },
    },
    [],
  ],
  ['an archive that fails', { 'us/0': { archiveFails: true } }, ['fault archive-fails us/0']],
  [
    'pools above max_connections of one server',
    { 'eu/0': { settings: { max_connections: '80' } }, 'ap/0': { inRecovery: true } },
    ['fault standby-settings eu/0', 'fault connection-headroom eu/0'],
    '3 processes in each of 3 regions with pools of 10 may open 90 connections; eu/0 has 77.',
    { app: { processes: 3, poolMax: 10 } },
  ],
  ['pools that fit', {}, [], undefined, { app: { processes: 3, poolMax: 10 } }],
  [
    'a crowded server',
    { 'eu/0': { connections: { used: 80, oldestIdleMs: null, oldestPreparedMs: null } } },
    ['warning connections-used eu/0'],
  ],
  ['a server that refuses writes by default', { 'eu/0': { readOnlyByServer: true } }, ['fault read-only-default eu/0']],
  [
    'a database that refuses writes by default',
    {
      'us/0': { readOnlyFor: [{ role: null, database: 'app' }] },
      'eu/0': { readOnlyFor: [{ role: null, database: 'app' }] },
    },
    ['fault read-only-default fleet'],
    'default_transaction_read_only is on for DATABASE app.',
  ],
  [
    'a role that refuses writes by default',
    { 'us/0': { readOnlyFor: [{ role: 'reports', database: 'app' }] } },
    ['warning read-only-default fleet'],
    'default_transaction_read_only is on for ROLE reports IN DATABASE app.',
  ],
  [
    'an index of another version of its collation',
    { 'eu/0': { collations: [{ name: 'de-x-icu', recorded: '153.14', actual: '153.120' }] } },
    ['fault collation-versions eu/0'],
  ],
  [
    'collations without a recorded version that differ',
    {
      'eu/0': { collations: [{ name: 'of the database', recorded: null, actual: '2.36' }] },
      'us/0': { collations: [{ name: 'of the database', recorded: null, actual: '2.31' }] },
      'ap/0': { collations: [{ name: 'of the database', recorded: null, actual: '2.31' }] },
    },
    ['fault collation-versions fleet'],
    'The collation of the database has different versions: 2.31 on us/0, 2.36 on eu/0, 2.31 on ap/0.',
  ],
  [
    'collations without versions',
    { 'eu/0': { collations: [{ name: 'of the database', recorded: null, actual: null }] } },
    [],
  ],
  [
    'an extension without files',
    { 'eu/0': { extensions: [{ name: 'postgis', version: '3.4', available: false, newest: null }] } },
    ['fault extension-versions eu/0'],
    'eu/0 has no files of postgis 3.4.',
  ],
  [
    'packages of an extension that differ',
    { 'eu/0': { extensions: [{ name: 'plpgsql', version: '1.0', available: true, newest: '1.1' }] } },
    ['warning extension-versions fleet'],
  ],
  [
    'a setting that waits',
    { 'us/0': { pendingRestart: ['max_wal_senders', 'shared_buffers'] } },
    ['warning pending-restart us/0'],
    'us/0 must be restarted before it uses max_wal_senders and shared_buffers.',
  ],
  [
    'minor versions',
    { 'eu/0': { version: 180_003 } },
    ['warning postgres-versions fleet'],
    'The servers run different minor versions: 18.4 on us/0, 18.3 on eu/0, 18.4 on ap/0.',
  ],
  ['major versions', { 'eu/0': { version: 170_009 } }, ['fault postgres-versions fleet']],
  [
    'a primary that would refuse reads as a standby',
    { 'us/0': { settings: { hot_standby: 'off' } } },
    ['warning hot-standby-off us/0'],
  ],
  [
    'delayed replay',
    { 'eu/0': { settings: { recovery_min_apply_delay: '7200000' } } },
    ['warning apply-delay eu/0'],
    'eu/0 replays 2 h late (recovery_min_apply_delay).',
  ],
  ['no fsync', { 'us/0': { settings: { fsync: 'off' } } }, ['fault not-durable us/0']],
  ['no full_page_writes', { 'eu/0': { settings: { full_page_writes: 'off' } } }, ['fault not-durable eu/0']],
  [
    'commits that are not awaited',
    { 'us/0': { settings: { synchronous_commit: 'off' } } },
    ['warning not-durable us/0'],
  ],
  ['no rewind', { 'us/0': { settings: { wal_log_hints: 'off', data_checksums: 'off' } } }, ['warning no-rewind us/0']],
  ['rewind by checksums', { 'us/0': { settings: { wal_log_hints: 'off' } } }, []],
  [
    'tables without a key',
    { 'us/0': { tablesWithoutKey: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] } },
    ['warning tables-without-key fleet'],
    'Tables without a key in the WAL: a, b, c, d, e and 2 more.',
  ],
  ['an unlogged table', { 'us/0': { unloggedTables: ['cache'] } }, ['warning unlogged-tables fleet']],
  [
    'a forgotten transaction',
    { 'us/0': { connections: { used: 9, oldestIdleMs: 600_000, oldestPreparedMs: null } } },
    ['warning old-transactions us/0'],
    'A session of us/0 has been idle in a transaction that is 10 min old.',
  ],
  [
    'a forgotten prepared transaction',
    {
      'us/0': { connections: { used: 9, oldestIdleMs: null, oldestPreparedMs: 600_000 } },
      'eu/0': { connections: { used: 9, oldestIdleMs: null, oldestPreparedMs: 600_000 } },
    },
    ['warning old-transactions us/0'],
  ],
  [
    'a clock an hour ahead',
    { 'eu/0': { aheadMs: 3_600_000 } },
    ['fault clock-offset eu/0'],
    'The clock of eu/0 is 60 min ahead of the clock of this machine.',
  ],
  [
    'a clock an hour behind',
    { 'eu/0': { aheadMs: -3_600_000 } },
    ['fault clock-offset eu/0'],
    'The clock of eu/0 is 60 min behind the clock of this machine.',
  ],
  [
    'the clock of this machine',
    { 'us/0': { aheadMs: -9_000 }, 'eu/0': { aheadMs: -9_100 }, 'ap/0': { aheadMs: -8_900 } },
    ['fault clock-offset fleet'],
    'The clock of this machine is 9 s ahead of all others.',
  ],
  ['a clock within the uncertainty', { 'eu/0': { aheadMs: 2_015 } }, []],
];

/** What is seen from outside, and what the servers say. */
type Seen = Partial<Front> & { readonly changes?: Readonly<Record<string, NodeChanges>> };

const seen: SeenOfRequest = {
  status: 200,
  headMs: 3,
  body: '',
  isLonger: false,
  dateMs: undefined,
  askedAtMs: NOW_MS,
  uncertainMs: 5,
};
const health = (changes: Partial<SeenOfRequest> = {}): ExaminedRegion => ({
  region: 'eu',
  host: 'app-eu.example.com',
  health: { ok: true, value: { ...seen, ...changes } },
  warnings: undefined,
});
const silent = (why: Unseen): ExaminedRegion => ({ ...health(), health: { ok: false, why } });
const certificate = (days: number, refusedBy?: string) => ({
  certificates: [
    {
      region: 'eu',
      name: 'app.example.com',
      certificate: { ok: true, value: { endsAtMs: NOW_MS + days * 86_400_000, refusedBy } },
    },
  ] as const,
});
const host = (addresses: ExaminedHost['addresses']): ExaminedHost => ({
  host: 'app.example.com',
  isGlobal: true,
  addresses,
});
const GLOBAL = { hosts: ['app.example.com'] };

const OUTSIDE: readonly (readonly [
  fault: string,
  seen: Seen,
  found: readonly string[],
  evidence?: string | undefined,
  config?: Partial<OperationsConfig>,
])[] = [
  ['an app that answers', { regions: [health()] }, []],
  [
    'a status after 2.4 s',
    { regions: [health({ headMs: 2_400 })] },
    ['fault health-path eu'],
    '/health of eu answered after 2.4 s; checkers wait 2 s.',
  ],
  ['a redirect that Route 53 takes for healthy', { regions: [health({ status: 302 })] }, ['fault health-path eu']],
  ['a redirect that is slow, too', { regions: [health({ status: 302, headMs: 2_400 })] }, ['fault health-path eu']],
  ['a body of 5,121 bytes', { regions: [health({ isLonger: true })] }, ['warning health-path eu']],
  [
    'a region that is out',
    { regions: [health({ status: 503 })] },
    ['fault health-path eu'],
    '/health of eu answers 503: DNS sends no clients there.',
  ],
  [
    'a replica region that is out because the primary is',
    { regions: [health({ status: 503 })], changes: { 'us/0': { why: 'refused' } } },
    ['unknown unreachable us/0', 'fault health-path eu'],
    '/health of eu answers 503 because the primary is away, though its standby can be read.',
  ],
  [
    'a region that is out because its database is',
    { regions: [health({ status: 503 })], changes: { 'us/0': { why: 'refused' }, 'eu/0': { why: 'refused' } } },
    ['unknown unreachable us/0', 'unknown unreachable eu/0', 'fault health-path eu'],
    '/health of eu answers 503: DNS sends no clients there.',
  ],
  [
    'a check on the global name',
    { regions: [{ ...health(), host: 'app.example.com' }] },
    ['fault health-path eu'],
    undefined,
    GLOBAL,
  ],
  ...(['refused', 'timed-out', 'no-ipv4', 'certificate', 'failed'] as const).map(
    (why) => [`a region that is ${why}`, { regions: [silent(why)] }, ['unknown health-path eu']] as const,
  ),
  [
    'a region whose name is gone',
    {
      regions: [silent('no-such-host')],
      hosts: [{ ...host({ ok: false, why: 'no-such-host' }), host: 'app-eu.example.com' }],
    },
    ['fault dns-names fleet'],
    'app-eu.example.com has no IPv4 address.',
  ],
  [
    'a region whose name only the DNS servers of the configuration know',
    {
      regions: [silent('no-such-host')],
      hosts: [{ ...host({ ok: true, value: { ipv4: 1, ttlSeconds: 60 } }), host: 'app-eu.example.com' }],
    },
    ['unknown health-path eu'],
  ],
  [
    'a clock of a region an hour ahead',
    { regions: [health({ dateMs: NOW_MS + 3_600_000 })] },
    ['fault clock-offset eu'],
  ],
  ['a Date that is only rounded', { regions: [health({ dateMs: NOW_MS - 1_999 })] }, []],
  ['a certificate of 22 days', certificate(22), []],
  [
    'a certificate of 20 days',
    certificate(20),
    ['warning tls-certificates eu'],
    'The certificate of eu for app.example.com ends in 20 d.',
  ],
  [
    'a certificate that has ended',
    certificate(-1, 'CERT_HAS_EXPIRED'),
    ['fault tls-certificates eu'],
    'The certificate of eu for app.example.com has expired.',
  ],
  [
    'a refusal without words',
    certificate(90, 'HOSTNAME_MISMATCH'),
    ['fault tls-certificates eu'],
    'The certificate of eu for app.example.com is refused by clients (HOSTNAME_MISMATCH).',
  ],
  [
    'a handshake that fails for the global name',
    { certificates: [{ region: 'eu', name: 'app.example.com', certificate: { ok: false, why: 'certificate' } }] },
    ['fault tls-certificates eu'],
  ],
  [
    'a TTL within the configuration',
    { hosts: [host({ ok: true, value: { ipv4: 2, ttlSeconds: 60 } })] },
    [],
    undefined,
    GLOBAL,
  ],
  [
    'a TTL of a day on a name of a region',
    { hosts: [{ ...host({ ok: true, value: { ipv4: 2, ttlSeconds: 86_400 } }), isGlobal: false }] },
    [],
    undefined,
    GLOBAL,
  ],
  [
    'a TTL of two minutes',
    { hosts: [host({ ok: true, value: { ipv4: 2, ttlSeconds: 120 } })] },
    ['warning dns-ttl fleet'],
    'app.example.com has a TTL of 120 s or more; the configuration says 60 s.',
    GLOBAL,
  ],
  [
    'DNS that is silent',
    { hosts: [host({ ok: false, why: 'timed-out' })] },
    ['unknown dns-names fleet'],
    undefined,
    GLOBAL,
  ],
  [
    'a failover of ten minutes',
    {},
    ['warning failover-time fleet'],
    'Clients leave a lost region after 600 s: 5 checks, one every 60 s, then a TTL of 300 s; the objective is 300 s.',
    { ...GLOBAL, front: { intervalSeconds: 60, failures: 5, ttlSeconds: 300 } },
  ],
  ['a long TTL of one region without a global host', {}, [], undefined, { front: { ttlSeconds: 3_600 } }],
  [
    'secrets that differ',
    { regions: [{ ...health(), warnings: { REGIONKIT_PEER_SECRET: 'x', REGIONKIT_TOKEN_SECRET: 'y' } }] },
    ['fault secrets-differ eu'],
    'eu reports that another region has a different peers.secret of createHealth and token.secret of createRegionRouter.',
  ],
  [
    'a mistake of a process',
    { regions: [{ ...health(), warnings: { REGIONKIT_NO_PEERS: 'health: there are no peers' } }] },
    ['warning app-warnings eu'],
    'eu reports REGIONKIT_NO_PEERS. health: there are no peers',
  ],
  ['no warnings', { regions: [{ ...health(), warnings: {} }] }, []],
  [
    'pg_auto_failover by its standbys',
    {
      changes: {
        'us/0': { senders: [{ name: 'pgautofailover_standby_2', state: 'streaming', sync: 'async', behindBytes: 0 }] },
      },
    },
    ['warning manager-rewinds us/0'],
  ],
];

const pool = (changes: Partial<PoolLimits> = {}): PoolLimits => ({
  where: 'us/0',
  max: 10,
  keepAlive: true,
  connectionTimeoutMs: 5_000,
  queryTimeoutMs: 30_000,
  statementTimeoutMs: 0,
  ...changes,
});

/** What the processes of us say of their pools, and what is found. */
const POOLS: readonly (readonly [says: string, pools: readonly PoolLimits[] | undefined, found: readonly string[]])[] =
  [
    ['all limits', [pool(), pool({ where: 'eu/0', queryTimeoutMs: 0, statementTimeoutMs: 1_000 })], []],
    ['no keepAlive', [pool({ keepAlive: false })], ['warning pool-options us']],
    ['no limit for a connect', [pool({ connectionTimeoutMs: 0 })], ['warning pool-options us']],
    ['no limit for a statement', [pool({ queryTimeoutMs: 0 })], ['warning pool-options us']],
    ['a door without pools', undefined, ['warning pool-options us']],
  ];

const arn = (region: string): string => `arn:aws:rds:${region}:123456789012:db:app`;
const url = 'postgresql://app@127.0.0.1/app';
const byRds = (...aws: readonly string[]): Partial<OperationsConfig> => ({
  regions: Object.fromEntries(
    ['us', 'eu', 'ap'].map((name, at) => [name, { databases: [url], rds: [arn(aws[at] ?? `x-${at}`)] }]),
  ),
  failover: { adapter: 'rds', ...FENCED },
});

const CANNOT_FENCE = ['warning cannot-fence us'];
const byPatroni = (adapter: 'patroni' | 'postgres'): Partial<OperationsConfig> => ({
  regions: Object.fromEntries(
    ['us', 'eu', 'ap'].map((name, at) => [
      name,
      { patroni: `http://10.0.0.${at}:8008`, databases: [`postgres://ops@${name}/app`] },
    ]),
  ),
  failover: { adapter },
});

/** What a failover of a configuration needs, and what is found. */
const PLANS: readonly (readonly [says: string, config: Partial<OperationsConfig>, found: readonly string[]])[] = [
  ['an API in each region', byRds('us-east-1', 'eu-west-1', 'ap-south-1'), []],
  ['two regions in one region of AWS', byRds('us-east-1', 'us-east-1'), ['fault plan-control-plane eu']],
  [
    'one Patroni for two regions',
    { regions: { us: { patroni: 'http://10.0.0.1:8008' }, eu: { patroni: 'http://10.0.0.1:8008' }, ap: {} } },
    ['fault plan-control-plane eu'],
  ],
  [
    'a hook that changes Route 53',
    { failover: { hooks: { fence: [{ command: ['aws', 'route53', 'change-resource-record-sets'] }] } } },
    ['warning plan-control-plane fleet'],
  ],
  [
    'a hook that is posted to the app of a region',
    {
      regions: { us: { origin: 'https://us.example.com' }, eu: {}, ap: {} },
      failover: { hooks: { ...FENCED.hooks, pause: [{ webhook: 'https://us.example.com/pause' }] } },
    },
    ['warning plan-control-plane fleet'],
  ],
  [
    'a hook that only tells',
    { failover: { hooks: { ...FENCED.hooks, told: [{ command: ['aws', 'route53', 'list-hosted-zones'] }] } } },
    [],
  ],
  ['no hook and no role of the app', { failover: {} }, CANNOT_FENCE],
  // Logins cannot be revoked on a server that does not answer.
  ['the roles of the app, and no hook', { failover: { appRoles: ['app'] } }, CANNOT_FENCE],
  [
    'the adapter of RDS, and no hook',
    { ...byRds('us-east-1', 'eu-west-1', 'ap-south-1'), failover: { adapter: 'rds' } },
    CANNOT_FENCE,
  ],
  ['the adapter of Patroni, and no hook', byPatroni('patroni'), ['note cannot-fence us']],
  ['Patroni that fails over by itself, and no hook', byPatroni('postgres'), ['note cannot-fence us']],
];

/** `ignore_slots` of Patroni, and what is found. */
const DROPS = ['fault manager-drops-tail us'];
const IGNORED: readonly (readonly [says: string, ignored: PatroniFacts['ignoredSlots'], found: readonly string[]])[] = [
  ['no ignored slots', [], DROPS],
  ['another name', [{ name: 'other' }], DROPS],
  ['another type', [{ name: 'regionkit_tail_5', type: 'physical' }], DROPS],
  ['another database and another plugin', [{ type: 'logical', database: 'other' }, { plugin: 'pgoutput' }], DROPS],
  ['its name', [{ name: 'regionkit_tail_5' }], []],
  ['its kind', [{ type: 'logical', database: 'app', plugin: 'test_decoding' }], []],
  ['every slot', [{ name: 'other' }, {}], []],
];

describe('the checks of the doctor', () => {
  for (const [says, pools, expected] of POOLS) {
    it(`find of ${says} in a pool exactly that`, () => {
      const fleet = fleetOf({}, {}, { processes: [{ region: 'us', id: 'p', pools }] });
      expect(foundIn(fleet)).toEqual(expected);
    });
  }

  it('name the pools, and say what to set', () => {
    const pools = [pool({ keepAlive: false }), pool({ where: 'eu/0', keepAlive: false }), pool({ where: 'ap/0' })];
    const fleet = fleetOf({}, {}, { processes: [{ region: 'us', id: 'p', pools }] });
    expect(evidenceOf(fleet)[0]).toContain('of the pools for us/0 and eu/0, keepAlive is off');
  });

  it('do not know the pools behind a silent door', () => {
    const fleet = fleetOf({}, {}, { silentDoors: [{ region: 'eu', why: 'wrong-token' }] });
    expect(foundIn(fleet)).toEqual(['unknown pool-options eu']);
  });

  for (const [says, config, expected] of PLANS) {
    it(`find of a failover with ${says} exactly that`, () => {
      expect(foundIn(fleetOf({}, config))).toEqual(expected);
    });
  }

  for (const [fault, changes, found, evidence, config = {}] of CASES) {
    it(`find of ${fault} exactly that`, () => {
      const fleet = fleetOf(changes, config);
      expect(foundIn(fleet)).toEqual(found);
      if (evidence !== undefined) expect(evidenceOf(fleet)).toContain(evidence);
    });
  }

  for (const [fault, seen, found, evidence, config = {}] of OUTSIDE) {
    it(`find of ${fault} exactly that`, () => {
      const { changes = {}, ...front } = seen;
      const fleet = fleetOf(changes, config, { front: { ...NO_FRONT, ...front } });
      expect(foundIn(fleet)).toEqual(found);
      if (evidence !== undefined) expect(evidenceOf(fleet)).toContain(evidence);
    });
  }

  it('find what a manager does to an old primary', () => {
    const managers = (facts: ExaminedPatroni['facts']) => ({ managers: [{ region: 'us', facts }] });
    const found = (facts: ExaminedPatroni['facts']) => foundIn(fleetOf({}, {}, managers(facts)));
    expect(found({ ok: true, value: { destructive: [], paused: false, ignoredSlots: [] } })).toEqual([]);
    expect(found({ ok: true, value: { destructive: ['use_pg_rewind'], paused: false, ignoredSlots: [] } })).toEqual([
      'warning manager-rewinds us',
    ]);
    expect(found({ ok: false, why: 'refused' })).toEqual(['unknown manager-rewinds us']);
  });

  it('say that Patroni does not fence while it is paused, and which region it is about if no server takes writes', () => {
    const value = { destructive: [], paused: true, ignoredSlots: [] };
    const managers = [{ region: 'us', facts: { ok: true as const, value } }];
    const fleet = fleetOf({}, byPatroni('patroni'), { managers });
    expect(foundIn(fleet)).toEqual(CANNOT_FENCE);
    expect(evidenceOf(fleet)[0]).toMatch(/nothing can fence it: .*, and Patroni is paused/);
    const without = fleetOf({ 'us/0': { why: 'refused' } }, { failover: {} });
    expect(foundIn(without)).toContain('warning cannot-fence fleet');
    expect(evidenceOf(without).join()).toContain('If the region of the primary is cut off');
  });

  it('say nothing of a fence where there is one region, or pg_auto_failover', () => {
    const fleet = fleetOf({}, { failover: {} });
    expect(foundIn({ ...fleet, nodes: fleet.nodes.slice(0, 1) })).not.toContainEqual(
      expect.stringContaining('cannot-fence'),
    );
    const senders = PRIMARY.senders.map((sender) => ({ ...sender, name: 'pgautofailover_standby_2' }));
    expect(foundIn(fleetOf({ 'us/0': { senders } }, { failover: {} }))).toEqual(['warning manager-rewinds us/0']);
  });

  for (const [says, ignoredSlots, expected] of IGNORED) {
    it(`find of Patroni with ${says}, beside the slot of a tail, exactly that`, () => {
      const managers = [
        { region: 'us', facts: { ok: true as const, value: { destructive: [], paused: false, ignoredSlots } } },
      ];
      expect(foundIn(fleetOf({ 'us/0': kept }, {}, { managers }))).toEqual(expected);
      expect(foundIn(fleetOf({}, {}, { managers }))).toEqual([]);
    });
  }

  it('count what the processes say of their pools where the configuration does not', () => {
    const processes = Array.from({ length: 10 }, (_, at) => ({ region: 'us', id: `p${at}`, pools: [pool()] }));
    const fleet = fleetOf({}, {}, { processes });
    expect(foundIn(fleet)).toEqual(['us', 'eu', 'ap'].map((region) => `fault connection-headroom ${region}/0`));
    expect(evidenceOf(fleet)).toContain('10 processes may open 100 connections; us/0 has 97.');
  });

  it('are all in these tables', () => {
    const tables = [...CASES, ...OUTSIDE, ...POOLS, ...PLANS, ...IGNORED];
    const tried = new Set(tables.flatMap(([, , found]) => found.map((one) => one.split(' ')[1])));
    expect(CHECKS.map(({ id }) => id).filter((id) => !tried.has(id))).toEqual([]);
  });

  it('have ids of their own, in kebab case, and say why they matter', () => {
    expect(new Set(CHECKS.map(({ id }) => id)).size).toBe(CHECKS.length);
    for (const { id, title, why, incident } of CHECKS) {
      expect(id).toMatch(/^[a-z]+(-[a-z]+)+$|^unreachable$/);
      expect(title).not.toMatch(/\.$/);
      // One record holds the explanation, and a record cuts longer texts.
      expect(`${id}: ${title}. ${why} The kind of incident: ${incident}`.length).toBeLessThan(1_000);
      expect(incident).toMatch(/^\w.{30,}\.$/s);
      expect(why).toMatch(/^\w.{80,}\.$/s);
    }
  });
});
