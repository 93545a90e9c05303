import { createLab, type Lab } from '@regionkit/lab';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperationsConfig } from '../../src/config/config.ts';
import { alter, doctor, eventually, findings, found, HEALTHY, regionsOf, writeSegments } from './plant.ts';

type Name = 'us' | 'eu' | 'ap';

let lab: Lab<Name>;

beforeAll(async () => {
  lab = await createLab({
    regions: ['us', 'eu', 'ap'],
    settings: {
      ...HEALTHY,
      max_connections: 30,
      max_prepared_transactions: 5,
      wal_receiver_timeout: '60s',
      wal_sender_timeout: '60s',
    },
  });
});

afterAll(() => lab?.close());

/** Ends what the fault began. */
type Undo = () => unknown;

interface Planted {
  readonly fault: string;
  plant(): Promise<Undo>;
  readonly found: readonly string[];
  readonly evidence: RegExp;
  readonly config?: Partial<OperationsConfig>;
}

const region = (name: Name) => lab.region(name);

/** A setting that differs on one server. */
const setting = (name: Name, setting: string, value: string) => async (): Promise<Undo> => {
  await alter(region(name), setting, value);
  return () => alter(region(name), setting, undefined);
};

/** A statement on the primary, replicated, and one that undoes it. */
const statement = (plant: string, undo: string) => async (): Promise<Undo> => {
  await region('us').query(plant);
  await lab.caughtUp();
  return () => region('us').query(undo);
};

/** A session of the primary that stays. */
async function session(...statements: readonly string[]): Promise<Undo> {
  const client = new pg.Client({ connectionString: region('us').adminConnectionString });
  await client.connect();
  for (const sql of statements) await client.query(sql);
  return () => client.end();
}

const PLANTED: readonly Planted[] = [
  {
    fault: 'replay is paused',
    plant: async () => {
      await region('eu').pauseReplay();
      return () => region('eu').resumeReplay();
    },
    found: ['fault replay-paused eu/0'],
    evidence: /^Replay is paused on eu\/0\.$/,
  },
  {
    fault: 'a standby cannot receive what is written',
    plant: async () => {
      await region('us').partition('eu');
      await writeSegments(region('us'), 2);
      return () => region('us').heal('eu');
    },
    found: ['fault standby-behind eu/0'],
    evidence: /^eu\/0 has not received \d+ MB that us\/0 wrote\.$/,
    config: { limits: { behindBytes: 16 * 1_024 ** 2 } },
  },
  {
    fault: 'a query holds replay',
    plant: async () => {
      await alter(region('eu'), 'max_standby_streaming_delay', "'-1'");
      await region('us').query('CREATE TABLE held (x int PRIMARY KEY)');
      await lab.caughtUp();
      const client = new pg.Client({ connectionString: region('eu').adminConnectionString });
      await client.connect();
      await client.query('BEGIN');
      await client.query('SELECT * FROM held');
      await region('us').query('DROP TABLE held');
      await writeSegments(region('us'), 2);
      await eventually(async () => {
        const [row] = await region('eu').query<{ behind: number }>(
          'SELECT pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::int AS behind',
        );
        return (row?.behind ?? 0) > 17 * 1_024 ** 2;
      });
      return async () => {
        await client.end();
        await alter(region('eu'), 'max_standby_streaming_delay', undefined);
      };
    },
    found: ['fault replay-behind eu/0'],
    evidence: /^eu\/0 has received \d+ MB that it has not replayed\.$/,
    config: { limits: { behindBytes: 16 * 1_024 ** 2 } },
  },
  {
    fault: 'a standby lost its password',
    plant: async () => {
      const [before] = await region('ap').query<{ info: string }>("SELECT current_setting('primary_conninfo') AS info");
      await alter(region('ap'), 'primary_conninfo', `'${before?.info.replace(/passfile=\S+/, 'password=wrong')}'`);
      await eventually(async () => (await region('ap').query('SELECT FROM pg_stat_wal_receiver')).length === 0);
      return async () => {
        await alter(region('ap'), 'primary_conninfo', undefined);
        await lab.caughtUp();
      };
    },
    found: ['fault not-streaming ap/0'],
    evidence: /^ap\/0 has no WAL receiver\.$|^The WAL receiver of ap\/0 is \w+\.$/,
  },
  {
    fault: 'a slot holds 1 GB',
    plant: async () => {
      await alter(region('us'), 'max_slot_wal_keep_size', "'4GB'");
      await region('us').query("SELECT pg_create_physical_replication_slot('gone', true)");
      await writeSegments(region('us'), 66);
      await lab.caughtUp({ timeoutMs: 60_000 });
      return async () => {
        await region('us').query("SELECT pg_drop_replication_slot('gone')");
        await alter(region('us'), 'max_slot_wal_keep_size', undefined);
      };
    },
    found: ['fault slot-holds-wal us/0'],
    evidence:
      /^The slot gone of us\/0 holds 1(\.\d)? GB of WAL, and its reader is not connected\. It is invalidated at 4 GB\.$/,
  },
  {
    fault: 'slots have no bound',
    plant: statement(
      "SELECT pg_create_physical_replication_slot('unbounded', true)",
      "SELECT pg_drop_replication_slot('unbounded')",
    ),
    found: ['warning slot-unbounded us/0'],
    evidence: /^us\/0 has no max_slot_wal_keep_size, and slots: unbounded\.$/,
  },
  {
    fault: 'a slot has lost its WAL',
    plant: async () => {
      await alter(region('us'), 'wal_keep_size', "'0'");
      await alter(region('us'), 'max_slot_wal_keep_size', "'1MB'");
      await region('us').query("SELECT pg_create_physical_replication_slot('late', true)");
      await writeSegments(region('us'), 3);
      // The checkpoint removes what is written: the standbys must have it by then.
      await lab.caughtUp({ timeoutMs: 60_000 });
      await region('us').query('CHECKPOINT');
      await eventually(async () => {
        const [row] = await region('us').query('SELECT wal_status FROM pg_replication_slots');
        return row?.wal_status === 'lost';
      });
      await alter(region('us'), 'wal_keep_size', undefined);
      return async () => {
        await region('us').query("SELECT pg_drop_replication_slot('late')");
        await alter(region('us'), 'max_slot_wal_keep_size', undefined);
      };
    },
    found: ['fault slot-invalid us/0'],
    evidence: /^The slot late of us\/0 has lost WAL that its reader needs\.$/,
  },
  {
    fault: 'the primary keeps no WAL',
    plant: setting('us', 'wal_keep_size', "'0'"),
    found: ['warning wal-not-kept eu/0', 'warning wal-not-kept ap/0'],
    evidence: /^us\/0 keeps no WAL for eu\/0/,
  },
  {
    fault: 'no synchronous standby is connected',
    plant: setting('us', 'synchronous_standby_names', "'ANY 1 (lost)'"),
    found: ['fault sync-standby us/0'],
    evidence: /^synchronous_standby_names of us\/0 is ANY 1 \(lost\), and no such standby streams: commits wait\.$/,
  },
  {
    fault: 'the pools of all regions are more than max_connections',
    plant: async () => () => undefined,
    found: ['us', 'eu', 'ap'].map((name) => `fault connection-headroom ${name}/0`),
    evidence: /^2 processes in each of 3 regions with pools of 5 may open 30 connections; us\/0 has 27\.$/,
    config: { app: { processes: 2, poolMax: 5 } },
  },
  {
    fault: 'most connections are in use',
    plant: async () => {
      const all = await Promise.all(Array.from({ length: 22 }, () => session()));
      return () => Promise.all(all.map((end) => end()));
    },
    found: ['warning connections-used us/0'],
    evidence: /^2\d of 27 connections of us\/0 are in use\.$/,
  },
  {
    fault: 'a candidate refuses writes by default',
    plant: setting('eu', 'default_transaction_read_only', 'on'),
    found: ['fault read-only-default eu/0'],
    evidence: /^default_transaction_read_only is on for the whole server eu\/0\.$/,
  },
  {
    fault: 'the database refuses writes by default',
    plant: statement(
      'ALTER DATABASE app SET default_transaction_read_only = true',
      'SET default_transaction_read_only = off; ALTER DATABASE app RESET default_transaction_read_only',
    ),
    found: ['fault read-only-default fleet'],
    evidence: /^default_transaction_read_only is on for DATABASE app\.$/,
  },
  {
    fault: 'the role of the app refuses writes by default',
    plant: statement(
      "ALTER ROLE app SET default_transaction_read_only = 'yes'",
      'ALTER ROLE app RESET default_transaction_read_only',
    ),
    found: ['warning read-only-default fleet'],
    evidence: /^default_transaction_read_only is on for ROLE app\.$/,
  },
  {
    fault: 'an index was built with another version of its collation',
    plant: statement(
      `CREATE COLLATION german (provider = icu, locale = 'de');
       CREATE TABLE names (name text COLLATE german PRIMARY KEY);
       UPDATE pg_collation SET collversion = '1.0' WHERE collname = 'german'`,
      'DROP TABLE names; DROP COLLATION german',
    ),
    found: ['us', 'eu', 'ap'].map((name) => `fault collation-versions ${name}/0`),
    evidence: /^The collation german was recorded with version 1\.0; us\/0 has \S+\.$/,
  },
  {
    fault: 'an extension has no files',
    plant: statement(
      "UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'plpgsql'",
      "UPDATE pg_extension SET extversion = '1.0' WHERE extname = 'plpgsql'",
    ),
    found: ['us', 'eu', 'ap'].map((name) => `fault extension-versions ${name}/0`),
    evidence: /^us\/0 has no files of plpgsql 0\.9\.$/,
  },
  {
    fault: 'a setting waits for a restart',
    plant: setting('eu', 'max_wal_senders', '17'),
    found: ['warning pending-restart eu/0'],
    evidence: /^eu\/0 must be restarted before it uses max_wal_senders\.$/,
  },
  {
    fault: 'replay is delayed',
    plant: setting('ap', 'recovery_min_apply_delay', "'2h'"),
    found: ['warning apply-delay ap/0'],
    evidence: /^ap\/0 replays 2 h late/,
  },
  {
    fault: 'fsync is off',
    plant: setting('us', 'fsync', 'off'),
    found: ['fault not-durable us/0'],
    evidence: /^fsync is off on us\/0/,
  },
  {
    fault: 'full_page_writes is off',
    plant: setting('eu', 'full_page_writes', 'off'),
    found: ['fault not-durable eu/0'],
    evidence: /^full_page_writes is off on eu\/0/,
  },
  {
    fault: 'a standby never notices a dead connection',
    plant: setting('eu', 'wal_receiver_timeout', "'0'"),
    found: ['warning receiver-silent eu/0'],
    evidence: /^wal_receiver_timeout of eu\/0 is 0/,
  },
  {
    fault: 'a table has no key',
    plant: statement('CREATE TABLE no_key (x int)', 'DROP TABLE no_key'),
    found: ['warning tables-without-key fleet'],
    evidence: /^Tables without a key in the WAL: no_key\.$/,
  },
  {
    fault: 'the WAL has no key of a table, although it has a primary key',
    plant: statement(
      `CREATE TABLE shifted (x int PRIMARY KEY DEFERRABLE);
       CREATE TABLE unnamed (x int PRIMARY KEY); ALTER TABLE unnamed REPLICA IDENTITY NOTHING;
       CREATE TABLE whole (x int PRIMARY KEY DEFERRABLE); ALTER TABLE whole REPLICA IDENTITY FULL`,
      'DROP TABLE shifted, unnamed, whole',
    ),
    found: ['warning tables-without-key fleet'],
    evidence: /^Tables without a key in the WAL: shifted and unnamed\.$/,
  },
  {
    fault: 'a table is unlogged',
    plant: statement('CREATE UNLOGGED TABLE cache (x int PRIMARY KEY)', 'DROP TABLE cache'),
    found: ['warning unlogged-tables fleet'],
    evidence: /^Unlogged tables: cache\.$/,
  },
  {
    fault: 'a transaction was forgotten',
    plant: () => session('BEGIN', 'SELECT pg_sleep(1.1)'),
    found: ['warning old-transactions us/0'],
    evidence: /^A session of us\/0 has been idle in a transaction that is [\d.]+ s old\.$/,
    config: { limits: { idleTransactionSeconds: 1 } },
  },
  {
    fault: 'a prepared transaction was forgotten',
    plant: async () => {
      const end = await session("BEGIN; SELECT txid_current(); PREPARE TRANSACTION 'lost'", 'SELECT pg_sleep(1.1)');
      await lab.caughtUp();
      return async () => {
        await region('us').query("ROLLBACK PREPARED 'lost'");
        await end();
      };
    },
    found: ['warning old-transactions us/0'],
    evidence: /^A prepared transaction of us\/0 is [\d.]+ s old\.$/,
    config: { limits: { idleTransactionSeconds: 1 } },
  },
  {
    fault: 'the role may not see',
    plant: statement('REVOKE pg_monitor FROM app', 'GRANT pg_monitor TO app'),
    found: ['us', 'eu', 'ap'].map((name) => `unknown no-pg-monitor ${name}/0`),
    evidence: /^The role app has no pg_monitor: replication and sessions of us\/0 were not examined\.$/,
  },
  {
    fault: 'a region that is cut off could not be fenced',
    config: { failover: { appRoles: ['app'] } },
    plant: async () => async () => {},
    found: ['warning cannot-fence us'],
    evidence:
      /^If us is cut off, nothing can fence it: the configuration has no hook .* and these writes would be lost\.$/,
  },
];

describe('regionkit doctor on three real servers', () => {
  it('finds nothing in a healthy setup', async () => {
    await lab.caughtUp();
    const ran = await doctor({ regions: regionsOf(lab), app: { processes: 2, poolMax: 4 } });
    expect(found(ran)).toEqual([]);
    expect(ran.exit).toBe(0);
    expect(ran.records.at(-1)).toMatchObject({ type: 'result', exit: 0 });
  });

  for (const { fault, plant, found: expected, evidence, config = {} } of PLANTED) {
    it(`finds that ${fault}, and nothing else`, async () => {
      const undo = await plant();
      try {
        const ran = await doctor({ regions: regionsOf(lab), ...config });
        expect(found(ran)).toEqual(expected);
        expect(findings(ran)[0]?.evidence).toMatch(evidence);
      } finally {
        await undo();
        await lab.caughtUp({ timeoutMs: 60_000 });
      }
    });
  }

  it('finds nothing again once every fault is undone', async () => {
    expect(found(await doctor({ regions: regionsOf(lab) }))).toEqual([]);
  });

  it('says what it could not examine, and exits with 3, without the password', async () => {
    const wrong = new URL(region('us').connectionString);
    wrong.password = 'not-the-secret';
    const ran = await doctor({ regions: { ...regionsOf(lab), eu: { databases: [wrong.href] } } });
    expect(found(ran)).toEqual(['unknown unreachable eu/0']);
    expect(ran.exit).toBe(3);
    expect(ran.stdout + ran.stderr).not.toContain('not-the-secret');
  });
});
