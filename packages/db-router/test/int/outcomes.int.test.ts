import { createLab, type Lab } from '@regionkit/lab';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, type Transaction } from '../../src/index.ts';
import { eventually, failureOf, type Name, readsLocally, sleep, startRouter } from './lab.ts';

const OF_THE_APP = new Error('of a watchdog');

describe('what became of a statement that failed, on real servers', () => {
  let lab: Lab<Name>;
  const crashes: unknown[] = [];
  const onCrash = (error: unknown) => void crashes.push(error);

  beforeAll(async () => {
    lab = await createLab<Name>({
      regions: ['us', 'eu'],
      settings: { max_standby_streaming_delay: 0, hot_standby_feedback: false, autovacuum: false, max_connections: 40 },
    });
    await lab.primary.query('CREATE TABLE note (id serial PRIMARY KEY, text text NOT NULL UNIQUE)');
    await lab.primary.query('CREATE TABLE child (note int REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED)');
    await lab.primary.query('CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)');
    await lab.primary.query('INSERT INTO account VALUES (1, 100), (2, 100)');
    await lab.caughtUp();
    process.on('uncaughtException', onCrash);
    process.on('unhandledRejection', onCrash);
  });
  afterEach(async () => {
    await lab.region('us').heal();
    await lab.region('eu').heal();
    expect(crashes.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    process.off('uncaughtException', onCrash);
    process.off('unhandledRejection', onCrash);
    await lab.close();
  });

  const terminate = (region: Name, query: string) =>
    eventually(async () => {
      const rows = await lab
        .region(region)
        .query(
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE $1 AND wait_event = 'PgSleep'",
          [query],
        );
      return rows.length > 0;
    });
  const asleep = (region: Name, query: string) =>
    eventually(
      async () =>
        (
          await lab
            .region(region)
            .query("SELECT FROM pg_stat_activity WHERE query LIKE $1 AND wait_event = 'PgSleep'", [query])
        ).length > 0,
    );
  /** An app's own types, which refuse a float4. */
  const refuse = () => {
    throw new TypeError('of the parser');
  };
  const types = {
    getTypeParser: (oid: number, format?: 'text') =>
      oid === pg.types.builtins.FLOAT4 ? refuse : pg.types.getTypeParser(oid, format),
  } as pg.CustomTypesConfig;
  const count = async (text: string) =>
    (await lab.region('us').query('SELECT count(*)::int AS n FROM note WHERE text = $1', [text]))[0].n;

  describe('a read', () => {
    it('runs once on the primary when recovery on the standby was in its way', async () => {
      const router = await startRouter(lab, 'eu');
      await router.ready();
      await readsLocally(router);
      const isSleeping = async () =>
        (
          await lab
            .region('eu')
            .query("SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(20)%' AND wait_event = 'PgSleep'")
        ).length > 0;
      for (let sleeping = false; !sleeping; ) {
        await lab.primary.query("INSERT INTO note (text) SELECT 'dead ' || n FROM generate_series(1, 500) n");
        await lab.caughtUp();
        let ended = false;
        const reading = router
          .read(
            'SELECT pg_is_in_recovery() AS recovering, (SELECT count(*) FROM note), CASE WHEN pg_is_in_recovery() THEN pg_sleep(20) END',
          )
          .finally(() => {
            ended = true;
          });
        // Recovery may be in its way by itself, before it is seen to sleep: then once more.
        await eventually(async () => {
          sleeping = await isSleeping();
          return sleeping || ended;
        });
        await lab.primary.query("DELETE FROM note WHERE text LIKE 'dead %'");
        await lab.primary.query('VACUUM note');
        expect((await reading).rows[0]).toMatchObject({ recovering: false });
      }
      expect(router.told('retry').length).toBeGreaterThan(0);
      for (const { code } of router.told('retry')) expect(['40001', '57P01']).toContain(code);
    });

    it('runs on another node when its connection is lost on a server that cannot write', async () => {
      const router = await startRouter(lab, 'eu');
      await router.ready();
      await readsLocally(router);
      const reading = router.read(
        'SELECT pg_is_in_recovery() AS recovering, CASE WHEN pg_is_in_recovery() THEN pg_sleep(21) END',
      );
      await eventually(
        async () =>
          (
            await lab
              .region('eu')
              .query("SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(21)%' AND wait_event = 'PgSleep'")
          ).length > 0,
      );
      await lab.region('eu').reset();
      expect((await reading).rows).toMatchObject([{ recovering: false }]);
    });

    it('is of unknown outcome when it is lost on the primary: a function may write', async () => {
      const router = await startRouter(lab, 'us');
      await router.write('SELECT 1');
      const reading = failureOf(router.read("SELECT pg_sleep(22), 'us'"));
      await asleep('us', "%pg_sleep(22), 'us'%");
      await lab.region('us').reset();
      expect(await reading).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', outcome: 'unknown' });
    });

    it('goes to another node from one that fell silent, in flight and waiting for a connection alike', async () => {
      const router = await startRouter(lab, 'eu', {
        max: 1,
        probe: { intervalMs: 200, alertIntervalMs: 50, timeoutMs: 300 },
      });
      await router.write('SELECT 1');
      await readsLocally(router);
      await router.read('SELECT 1');
      await lab.region('eu').drop();
      const answers = await Promise.all(
        [1, 2, 3].map((n) => router.read('SELECT pg_is_in_recovery() AS recovering, $1::int AS n', [n])),
      );
      expect(answers.map(({ rows }) => rows[0])).toEqual([1, 2, 3].map((n) => ({ recovering: false, n })));
    });
  });

  describe('a write', () => {
    it('is of unknown outcome when its connection is lost in flight, and is not sent again', async () => {
      const router = await startRouter(lab, 'us');
      await router.write('SELECT 1');
      const writing = failureOf(router.write("INSERT INTO note (text) SELECT 'in flight' FROM pg_sleep(23)"));
      await asleep('us', '%pg_sleep(23)%');
      await lab.region('us').reset();
      const failure = await writing;
      expect(failure).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', outcome: 'unknown', status: 500 });
      expect(outcomeOf(failure)).toBe('unknown');
      expect(router.told('retry')).toEqual([]);
      expect(router.told('outcome-unknown')).toHaveLength(1);
    });

    it('was not done, and is not started again, when an operator ended its session', async () => {
      const router = await startRouter(lab, 'us');
      await router.write('SELECT 1');
      const writing = failureOf(router.write("INSERT INTO note (text) SELECT 'stopped' FROM pg_sleep(30)"));
      await terminate('us', '%pg_sleep(30)%');
      expect(await writing).toMatchObject({ code: 'ERR_ROLLED_BACK', outcome: 'rolled-back', status: 503 });
      expect(await count('stopped')).toBe(0);
      expect(router.told('retry')).toEqual([]);
      expect(router.told('outcome-unknown')).toEqual([]);
    });

    it('is run again, once, when its server was shut down under it', async () => {
      const router = await startRouter(lab, 'us', { hold: { timeoutMs: 30_000 } });
      await router.write('SELECT 1');
      const first = "CASE WHEN (SELECT count(*) FROM note WHERE text = 'second run') = 0 THEN 31 ELSE 0 END";
      const writing = router.write(`INSERT INTO note (text) SELECT 'shut down' FROM pg_sleep(${first})`);
      await asleep('us', '%THEN 31%');
      await lab.region('us').query("INSERT INTO note (text) VALUES ('second run')");
      await lab.region('us').stop();
      await lab.region('us').start();
      await writing;
      expect(await count('shut down')).toBe(1);
      expect(router.told('retry')).toMatchObject([{ code: '57P01' }]);
      expect(router.told('outcome-unknown')).toEqual([]);
    });

    it('is of unknown outcome when its session was ended while it waited for a standby to confirm', async () => {
      const router = await startRouter(lab, 'us', { pool: { types } });
      await router.write('SELECT 1');
      const wait = async (write: (text: string) => Promise<unknown>): Promise<string> => {
        // The setting takes a moment to reach the server's own processes: what comes before does not wait.
        for (let at = 0; ; at += 1) {
          const text = `not confirmed ${write.name} ${at}`;
          let failure: unknown;
          let ended = false;
          void write(text)
            .catch((error: unknown) => {
              failure = error;
            })
            .finally(() => {
              ended = true;
            });
          let stopped = false;
          await eventually(async () => {
            const rows = await lab
              .region('us')
              .query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
            stopped ||= rows.length > 0;
            return ended;
          });
          if (!stopped) continue;
          expect(outcomeOf(failure)).toBe('unknown');
          return text;
        }
      };
      await lab.region('us').query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
      await lab.region('us').query('SELECT pg_reload_conf()');
      try {
        const plain = (text: string) => router.write('INSERT INTO note (text) VALUES ($1)', [text]);
        expect(await count(await wait(plain))).toBe(1);
        // Its row came, was refused, and then nothing came.
        const refused = (text: string) =>
          router.write(`INSERT INTO note (text) VALUES ('${text}') RETURNING 1::float4`);
        expect(await count(await wait(refused))).toBe(1);
      } finally {
        await lab.region('us').query('ALTER SYSTEM RESET synchronous_standby_names');
        await lab.region('us').query('SELECT pg_reload_conf()');
      }
    });

    it('sends who looks whether it was done to the primary, in the same scope and by its token', async () => {
      const router = await startRouter(lab, 'eu');
      await eventually(
        () => router.explain('read').reason === 'local-replica' && router.explain('write').action === 'run',
      );
      const lose = async (query: string, run: (text: string) => Promise<unknown>) => {
        const failure = failureOf(run(query));
        await asleep('us', query);
        await lab.region('us').reset();
        expect(outcomeOf(await failure)).toBe('unknown');
        await eventually(() => router.explain('write').action === 'run');
        expect(router.explain('read').node).toBe('us/0');
        expect(router.explain('read', router.token()).node).toBe('us/0');
      };
      await router.run({}, () => lose('SELECT pg_sleep(32)', (text) => router.write(text)));
      await router.run({}, () => lose('SELECT pg_sleep(33)', (text) => router.batch([{ text }])));
      await router.run({}, async () => {
        const client = await router.primary.connect();
        await lose('SELECT pg_sleep(34)', (text) => client.query(text));
        client.release();
      });
      expect(router.explain('read').node).toBe('eu/0');
    });

    it('is not said to be unsent when a type parser of the app’s refuses what came back', async () => {
      const router = await startRouter(lab, 'us', { pool: { types } });
      await eventually(() => router.explain('write').action === 'run');
      const failure = await failureOf(router.write("INSERT INTO note (text) VALUES ('parsed') RETURNING id::float4"));
      expect(await count('parsed')).toBe(1);
      expect(outcomeOf(failure)).toBe('unknown');
      expect((failure.cause as Error).message).toBe('of the parser');
    });

    it('was not sent, and spoils no connection, when node-postgres refuses it', async () => {
      const router = await startRouter(lab, 'us', { max: 1 });
      const circular: { self?: unknown } = {};
      circular.self = circular;
      const hostile = {
        toPostgres: () => {
          throw new Error('no');
        },
      };
      const pid = async () => (await router.write('SELECT pg_backend_pid() AS pid')).rows[0]?.['pid'];
      const before = await pid();
      for (const [query, values] of [
        ['SELECT $1::json', [circular]],
        ['SELECT $1::text', [hostile]],
        ['SELECT $1::text', 'no list'],
        [{}, []],
        [null, []],
      ] as const) {
        expect(outcomeOf(await failureOf(router.write(query as never, values as never)))).toBe('not-sent');
        expect(await pid()).toBe(before);
      }
    });

    it.each([
      [
        'a watchdog of the app destroys its socket',
        (client: pg.PoolClient) => client.connection.stream.destroy(OF_THE_APP),
      ],
      [
        'something in between answers what is no message of PostgreSQL',
        (client: pg.PoolClient) => client.connection.stream.emit('data', Buffer.from([0xff, 0, 0, 0, 4])),
      ],
    ])('is of unknown outcome when %s', async (_what, end) => {
      const router = await startRouter(lab, 'us', { max: 1 });
      const clients: pg.PoolClient[] = [];
      router.wrapped.us?.on('connect', (client) => void clients.push(client));
      await router.write('SELECT 1');
      const writing = failureOf(router.write('SELECT pg_sleep(38)'));
      await asleep('us', 'SELECT pg_sleep(38)');
      for (const client of clients) end(client);
      expect(await writing).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', outcome: 'unknown' });
      await lab
        .region('us')
        .query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(38)'");
      expect((await router.write('SELECT 1')).rowCount).toBe(1);
    });

    it('sends who looks whether a read wrote to the primary as well', async () => {
      const router = await startRouter(lab, 'us');
      await eventually(() => router.explain('read').node === 'us/0' && router.explain('write').action === 'run');
      for (const query of [
        { text: 'SELECT pg_sleep(39)', query_timeout: 20 },
        "INSERT INTO note (text) VALUES ('read in part'); COMMIT; SELECT 1 / 0",
      ])
        await router.run({}, async () => {
          expect(outcomeOf(await failureOf(router.read(query)))).toBe('unknown');
          expect(router.token()).toBeDefined();
        });
    });

    it('is not run again when it may have committed a part of itself', async () => {
      const router = await startRouter(lab, 'us');
      await lab.region('us').query('CREATE SEQUENCE run; GRANT USAGE ON SEQUENCE run TO PUBLIC');
      await lab.region('us').query(`CREATE PROCEDURE half() LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO note (text) VALUES ('half ' || nextval('run'));
        COMMIT;
        RAISE EXCEPTION 'conflict' USING errcode = '40001';
      END $$`);
      expect((await failureOf(router.write('CALL half()'))).code).toBe('40001');
      expect([await count('half 1'), await count('half 2')]).toEqual([1, 0]);
      const slow = failureOf(router.write('DO $$ BEGIN PERFORM 1; COMMIT; PERFORM pg_sleep(35); END $$'));
      await terminate('us', '%pg_sleep(35)%');
      expect(await slow).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
    });

    it('leaves the queue of a full pool when its caller goes away', async () => {
      const router = await startRouter(lab, 'us', { max: 1 });
      const held = await router.primary.connect();
      const leaving = new AbortController();
      const writing = failureOf(router.write('SELECT 1', [], { signal: leaving.signal }));
      const beginning = failureOf(router.transaction(async () => 1, { signal: leaving.signal }));
      await eventually(() => router.primary.waitingCount === 2);
      leaving.abort();
      expect(await writing).toMatchObject({ code: 'ERR_ABORTED', outcome: 'not-sent' });
      expect(await beginning).toMatchObject({ code: 'ERR_ABORTED', outcome: 'not-sent' });
      held.release();
      expect((await router.write('SELECT 1')).rowCount).toBe(1);
    });

    it('asks for no connection when its caller goes away the moment it has begun', async () => {
      const router = await startRouter(lab, 'us', { max: 1 });
      await router.write('SELECT 1');
      const leaving = new AbortController();
      const writing = failureOf(router.write('SELECT 1', [], { signal: leaving.signal }));
      const beginning = failureOf(router.transaction(async () => 1, { signal: leaving.signal }));
      leaving.abort();
      expect(await writing).toMatchObject({ code: 'ERR_ABORTED', outcome: 'not-sent' });
      expect(await beginning).toMatchObject({ code: 'ERR_ABORTED', outcome: 'not-sent' });
      expect((await router.write('SELECT 1')).rowCount).toBe(1);
    });

    it('is of unknown outcome when nobody answers it, though it was done', async () => {
      const router = await startRouter(lab, 'us', {
        probe: { intervalMs: 200, alertIntervalMs: 50, timeoutMs: 1_000 },
        hold: { timeoutMs: 200 },
      });
      await eventually(() => router.explain('write').action === 'run');
      await router.write('SELECT 1');
      await lab.region('us').mute();
      const writing = failureOf(router.write("INSERT INTO note (text) VALUES ('not heard of')"));
      expect(await writing).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
      expect(await count('not heard of')).toBe(1);
      expect(await failureOf(router.write('SELECT 1'))).toMatchObject({ code: 'ERR_NO_PRIMARY', outcome: 'not-sent' });
    });

    describe('that waits while its node is silent for less than two looks', () => {
      it.each([
        [
          'is of unknown outcome when the path has swallowed its connection, though new ones work',
          26,
          'drop',
          'heal',
          'unknown',
        ],
        ['is done when the server had only stood still', 1, 'freeze', 'thaw', 'done'],
      ] as const)('%s', async (text, seconds, silence, end, becomes) => {
        const router = await startRouter(lab, 'us', {
          probe: { intervalMs: 1_000, alertIntervalMs: 8_000, timeoutMs: 1_000 },
        });
        await router.write('SELECT 1');
        const settled = router.write(`INSERT INTO note (text) SELECT '${text}' FROM pg_sleep(${seconds})`).then(
          () => 'done',
          (error: unknown) => outcomeOf(error),
        );
        await asleep('us', `%'${text}' FROM pg_sleep(${seconds})%`);
        await lab.region('us')[silence]();
        await eventually(() => router.topology().nodes.find(({ id }) => id === 'us/0')?.state === 'unreachable');
        await lab.region('us')[end]();
        // Held, it has the node looked at.
        expect((await router.write('SELECT 1')).rowCount).toBe(1);
        expect(await settled).toBe(becomes);
      });
    });

    it('is of unknown outcome when the server is killed under it, and held, then done once, when it comes after', async () => {
      const router = await startRouter(lab, 'us', { hold: { timeoutMs: 20_000 } });
      await router.write('SELECT 1');
      const inFlight = failureOf(router.write("INSERT INTO note (text) SELECT 'killed' FROM pg_sleep(25)"));
      await eventually(
        async () =>
          (
            await lab
              .region('us')
              .query("SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(25)%' AND wait_event = 'PgSleep'")
          ).length > 0,
      );
      await lab.region('us').kill();
      expect(await inFlight).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
      const writing = router.write("INSERT INTO note (text) VALUES ('after the start')");
      await lab.region('us').start();
      await writing;
      expect([await count('killed'), await count('after the start')]).toEqual([0, 1]);
    });

    it('is tried again while there are too many connections, and not sent if that lasts', async () => {
      const router = await startRouter(lab, 'us', { hold: { timeoutMs: 1_000 } });
      await eventually(() => router.explain('write').action === 'run');
      await lab.region('us').query('ALTER ROLE app CONNECTION LIMIT 0');
      const failure = await failureOf(router.write('SELECT 1'));
      expect(failure).toMatchObject({ code: 'ERR_NODE_UNAVAILABLE', outcome: 'not-sent' });
      expect((failure.cause as { code: string }).code).toBe('53300');
      const writing = router.write("INSERT INTO note (text) VALUES ('crowded')");
      await sleep(200);
      await lab.region('us').query('ALTER ROLE app CONNECTION LIMIT -1');
      await writing;
      expect(await count('crowded')).toBe(1);
    });

    it('fails at once, and says so, with a password that is refused', async () => {
      const router = await startRouter(lab, 'us');
      await eventually(() => router.explain('write').action === 'run');
      const pool = router.wrapped.us as pg.Pool;
      Object.defineProperty(pool.options, 'connectionString', {
        value: lab.region('us').connectionString.replace(/:[^:@]+@/, ':wrong@'),
      });
      const failure = await failureOf(router.write('SELECT 1'));
      expect(failure).toMatchObject({ code: 'ERR_NODE_UNAVAILABLE', outcome: 'not-sent' });
      expect((failure.cause as { code: string }).code).toBe('28P01');
      expect(JSON.stringify(failure) + failure.stack).not.toContain('wrong@');
    });

    it('is run again after a deadlock, because it was undone', async () => {
      const router = await startRouter(lab, 'us');
      const other = new pg.Client(lab.region('us').adminConnectionString);
      await other.connect();
      await other.query("SET deadlock_timeout = '10s'; BEGIN; UPDATE account SET balance = 1 WHERE id = 2");
      const writing = router.write('UPDATE account SET balance = balance + 1 WHERE id IN (1, 2)');
      await eventually(
        async () =>
          (await lab.region('us').query("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'")).length > 0,
      );
      await other.query('UPDATE account SET balance = 1 WHERE id = 1').catch(() => {});
      await other.query('ROLLBACK');
      await other.end();
      expect((await writing).rowCount).toBe(2);
      // While the other one holds its locks, the next try may meet them again.
      expect(router.told('retry').length).toBeGreaterThan(0);
      expect(new Set(router.told('retry').map(({ code }) => code))).toEqual(new Set(['40P01']));
    });

    it('keeps nothing behind when a statement leaves a transaction open', async () => {
      const router = await startRouter(lab, 'us', { max: 1 });
      expect((await failureOf(router.write('BEGIN'))).code).toBe('ERR_TRANSACTION_LEFT_OPEN');
      expect(
        (await router.write('SELECT pg_current_xact_id_if_assigned() AS xid, now() = statement_timestamp() AS fresh'))
          .rows,
      ).toEqual([{ xid: null, fresh: true }]);
      expect(router.told('leak')).toEqual([{ node: 'us/0', why: 'in-transaction' }]);
    });

    it('survives the death of every idle and every leased connection', async () => {
      const router = await startRouter(lab, 'us', { max: 3 });
      const leased = await router.primary.connect();
      await Promise.all([router.write('SELECT 1'), router.write('SELECT 1')]);
      await lab.region('us').query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'");
      await failureOf(leased.query('SELECT 1'));
      leased.release();
      const outcome = await router.write("INSERT INTO note (text) VALUES ('still alive')").then(
        () => 'done',
        (error: unknown) => outcomeOf(error),
      );
      // A connection whose death was not known yet: the server may have said that it ends it, or nothing at all.
      const there = await count('still alive');
      expect(there === 0 ? ['rolled-back', 'unknown'] : ['done', 'unknown']).toContain(outcome);
      await eventually(() =>
        router.write('SELECT 1').then(
          () => true,
          () => false,
        ),
      );
    });
  });

  describe('a transaction', () => {
    const insert = (text: string) => (tx: Transaction) => tx.query('INSERT INTO note (text) VALUES ($1)', [text]);

    it('commits what its callback did, on one connection, and rolls back when it throws', async () => {
      const router = await startRouter(lab, 'us');
      const pids = await router.transaction(async (tx) => {
        const first = await tx.query('SELECT pg_backend_pid() AS pid');
        await insert('committed')(tx);
        return [first.rows[0]?.['pid'], (await tx.query('SELECT pg_backend_pid() AS pid')).rows[0]?.['pid']];
      });
      expect(pids[0]).toBe(pids[1]);
      expect(await count('committed')).toBe(1);
      const mistake = new Error('mine');
      expect(
        await failureOf(
          router.transaction(async (tx) => {
            await insert('undone')(tx);
            throw mistake;
          }),
        ),
      ).toBe(mistake);
      expect(await count('undone')).toBe(0);
    });

    it('begins as it was asked to', async () => {
      const router = await startRouter(lab, 'eu');
      await readsLocally(router);
      const show = (tx: Transaction) =>
        tx.query(
          "SELECT current_setting('transaction_isolation') AS level, current_setting('transaction_read_only') AS ro, pg_is_in_recovery() AS recovering",
        );
      expect((await router.transaction(show, { isolation: 'serializable' })).rows).toEqual([
        { level: 'serializable', ro: 'off', recovering: false },
      ]);
      expect((await router.transaction(show, { readOnly: true, isolation: 'repeatable read' })).rows).toEqual([
        { level: 'repeatable read', ro: 'on', recovering: true },
      ]);
      // No standby can be serializable: BEGIN would fail there.
      expect((await router.transaction(show, { readOnly: true, isolation: 'serializable' })).rows).toMatchObject([
        { ro: 'on', recovering: false },
      ]);
      await expect(router.transaction(show, { isolation: 'chaos' as never })).rejects.toThrow(RangeError);
    });

    it('is run again only as often as it may be, and only when it is known not to have happened', async () => {
      const router = await startRouter(lab, 'us');
      let runs = 0;
      const skew = async (tx: Transaction) => {
        runs += 1;
        await tx.query('SELECT sum(balance) FROM account');
        if (runs === 1) {
          await router.transaction(insert('unrelated')).catch(() => {});
          await lab.region('us').query('UPDATE account SET balance = balance + 1 WHERE id = 1');
        }
        await tx.query('UPDATE account SET balance = balance - 1 WHERE id = 1');
        return 'done';
      };
      expect(await router.transaction(skew, { isolation: 'repeatable read', retry: { attempts: 3 } })).toBe('done');
      expect(runs).toBe(2);
      runs = 0;
      expect((await failureOf(router.transaction(skew, { isolation: 'repeatable read' }))).code).toBe('40001');
      expect(runs).toBe(1);
    });

    it('is run again when its connection is lost before COMMIT, and rolled back for sure if it may not be', async () => {
      const router = await startRouter(lab, 'us');
      let runs = 0;
      const lose = async (tx: Transaction) => {
        runs += 1;
        await tx.query('INSERT INTO note (text) VALUES ($1)', [`lost ${runs}`]);
        if (runs === 1) await tx.query('SELECT pg_terminate_backend(pg_backend_pid())');
        return runs;
      };
      expect(await router.transaction(lose, { retry: { attempts: 2 } })).toBe(2);
      expect([await count('lost 1'), await count('lost 2')]).toEqual([0, 1]);
      runs = 0;
      expect(await failureOf(router.transaction(lose))).toMatchObject({
        code: 'ERR_ROLLED_BACK',
        outcome: 'rolled-back',
      });
    });

    it('is of unknown outcome when COMMIT was sent and nobody answered', async () => {
      const router = await startRouter(lab, 'us', { probe: { intervalMs: 200, alertIntervalMs: 50, timeoutMs: 300 } });
      const failure = await failureOf(
        router.transaction(
          async (tx) => {
            await insert('commit in flight')(tx);
            await lab.region('us').mute();
          },
          { retry: { attempts: 6 } },
        ),
      );
      expect(failure).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
      expect(await count('commit in flight')).toBe(1);
      expect(router.told('retry')).toEqual([]);
    });

    it('was not done when the server ended its session in the middle of COMMIT', async () => {
      const router = await startRouter(lab, 'us');
      await lab.region('us').query(`CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        PERFORM pg_sleep(CASE WHEN new.text = 'first' THEN 36 ELSE 0 END); RETURN new; END $$;
        CREATE CONSTRAINT TRIGGER doze AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (new.text IN ('first', 'second')) EXECUTE FUNCTION doze()`);
      let runs = 0;
      const committing = router.transaction(
        async (tx) => {
          runs += 1;
          await insert(runs === 1 ? 'first' : 'second')(tx);
        },
        { retry: { attempts: 2 } },
      );
      await terminate('us', 'COMMIT%');
      await committing;
      expect([await count('first'), await count('second')]).toEqual([0, 1]);
    });

    it('is an error when COMMIT answers ROLLBACK, and when a deferred constraint refuses it', async () => {
      const router = await startRouter(lab, 'us');
      const swallowed = router.transaction(async (tx) => {
        await insert('swallowed')(tx);
        await tx.query('SELECT 1 / 0').catch(() => {});
      });
      expect(await failureOf(swallowed)).toMatchObject({ code: 'ERR_ROLLED_BACK', outcome: 'rolled-back' });
      expect(await count('swallowed')).toBe(0);
      const deferred = await failureOf(router.transaction((tx) => tx.query('INSERT INTO child VALUES (-1)')));
      expect(deferred.code).toBe('23503');
      expect(outcomeOf(deferred)).toBe('rolled-back');
    });

    it('refuses to be nested, ended from inside, or used after its end', async () => {
      const router = await startRouter(lab, 'us');
      expect((await failureOf(router.transaction(() => router.transaction(insert('nested'))))).code).toBe(
        'ERR_NESTED_TRANSACTION',
      );
      for (const text of ['COMMIT', ' /* x */ rollback', 'begin', '-- c\nEND']) {
        expect((await failureOf(router.transaction((tx) => tx.query(text)))).code).toBe('ERR_TRANSACTION_CONTROL');
      }
      const hidden = router.transaction(async (tx) => {
        await insert('hidden')(tx);
        await tx.query('SELECT 1; COMMIT');
      });
      expect(await failureOf(hidden)).toMatchObject({ code: 'ERR_TRANSACTION_CONTROL', outcome: 'unknown' });
      await router.transaction(async (tx) => {
        await tx.query('SAVEPOINT a');
        await tx.query('SELECT 1 / 0').catch(() => {});
        await tx.query('ROLLBACK TO SAVEPOINT a');
        await insert('behind a savepoint')(tx);
      });
      expect(await count('behind a savepoint')).toBe(1);
      let later: Promise<unknown> | undefined;
      let end = (): void => {};
      const ended = new Promise<void>((resolve) => {
        end = resolve;
      });
      await router.transaction(async () => {
        later = ended.then(() => router.transaction((tx) => tx.query('SELECT 1')));
      });
      end();
      expect(await later).toMatchObject({ rowCount: 1 });
      let kept: Transaction | undefined;
      await router.transaction(async (tx) => {
        kept = tx;
      });
      expect((await failureOf(kept?.query('SELECT 1') as Promise<unknown>)).code).toBe('ERR_TRANSACTION_CLOSED');
    });

    it('rolls back, and says so, when its callback returns before its statements have ended', async () => {
      const router = await startRouter(lab, 'us', { max: 1 });
      const failure = await failureOf(
        router.transaction(async (tx) => {
          void insert('leaked')(tx).catch(() => {});
        }),
      );
      expect(failure).toMatchObject({ code: 'ERR_TRANSACTION_LEAKED', outcome: 'rolled-back' });
      expect((await router.write('SELECT 1')).rowCount).toBe(1);
      expect(await count('leaked')).toBe(0);
    });
  });

  describe('a batch', () => {
    it('is one transaction under one Sync, with its results and its position', async () => {
      const router = await startRouter(lab, 'us', { max: 1 });
      await router.write('SELECT 1');
      const client = await router.wrapped.us?.connect();
      let readies = 0;
      client?.connection.on('readyForQuery', () => {
        readies += 1;
      });
      client?.release();
      const [inserted, counted] = await router.run({}, async () => {
        const results = await router.batch([
          { text: 'INSERT INTO note (text) VALUES ($1), ($2) RETURNING id, text', values: ['batch a', 'batch b'] },
          { text: 'SELECT count(*)::int AS n, now() AS at FROM note WHERE text LIKE $1', values: ['batch _'] },
        ]);
        expect(router.token()).toMatch(/^v1\./);
        return results;
      });
      expect(readies).toBe(1);
      expect(inserted).toMatchObject({ command: 'INSERT', rowCount: 2 });
      expect(inserted?.rows.map(({ text }) => text)).toEqual(['batch a', 'batch b']);
      expect(counted?.rows[0]).toMatchObject({ n: 2, at: expect.any(Date) });
      expect(await router.batch([])).toEqual([]);
    });

    it('writes nothing when a statement in the middle fails, and leaves the connection as it was', async () => {
      const router = await startRouter(lab, 'us', { max: 1 });
      const pid = async () => (await router.write('SELECT pg_backend_pid() AS pid')).rows[0]?.['pid'];
      const before = await pid();
      const failure = await failureOf(
        router.batch([
          { text: "INSERT INTO note (text) VALUES ('half')" },
          { text: 'SELECT 1 / 0' },
          { text: "INSERT INTO note (text) VALUES ('other half')" },
        ]),
      );
      expect(failure.code).toBe('22012');
      expect([await count('half'), await count('other half')]).toEqual([0, 0]);
      expect(await pid()).toBe(before);
      const refused = await failureOf(router.batch([{ text: 'INSERT INTO child VALUES (-1)' }]));
      expect(refused.code).toBe('23503');
      expect((await router.write('SELECT 1')).rowCount).toBe(1);
    });

    it('sends nothing when a value does not serialise, or a statement controls transactions', async () => {
      const router = await startRouter(lab, 'us');
      const circular: { self?: unknown } = {};
      circular.self = circular;
      const hostile = {
        toPostgres: () => {
          throw new Error('no');
        },
      };
      for (const value of [circular, hostile]) {
        const failure = await failureOf(
          router.batch([
            { text: "INSERT INTO note (text) VALUES ('never sent')" },
            { text: 'SELECT $1', values: [value] },
          ]),
        );
        expect(failure).toMatchObject({ code: 'ERR_BATCH_STATEMENT', outcome: 'not-sent', index: 1 });
      }
      for (const text of [
        'COMMIT',
        'rollback',
        '/* hi */ BEGIN',
        'START TRANSACTION',
        "PREPARE TRANSACTION 'x'",
        'abort',
        '; COMMIT',
        '/* a /* b */ c */ ROLLBACK',
      ]) {
        expect(await failureOf(router.batch([{ text }]))).toMatchObject({ code: 'ERR_BATCH_STATEMENT', index: 0 });
      }
      expect(await failureOf(router.batch([{ text: 1 as never }]))).toMatchObject({ code: 'ERR_BATCH_STATEMENT' });
      expect(await count('never sent')).toBe(0);
    });

    it('writes nothing when BEGIN fails', async () => {
      const router = await startRouter(lab, 'us', {
        pool: { options: '-c default_transaction_deferrable=off' },
      });
      await router.write('SELECT 1');
      const client = (await router.wrapped.us?.connect()) as pg.PoolClient;
      // A statement that was left open makes BEGIN a warning, an aborted transaction makes it an error.
      await client.query('BEGIN');
      await client.query('SELECT 1 / 0').catch(() => {});
      const { prepareBatch, runBatch } = await import('../../src/connection/batch.ts');
      const statements = prepareBatch([{ text: "INSERT INTO note (text) VALUES ('after a failed BEGIN')" }]);
      const failure = (await runBatch(client, statements, 'BEGIN', 'SELECT 1').catch((error: unknown) => error)) as {
        error: { code: string };
        tag: unknown;
      };
      expect(failure.error.code).toBe('25P02');
      expect(failure.tag).toBeUndefined();
      client.release(true);
      expect(await count('after a failed BEGIN')).toBe(0);
    });

    it('writes nothing when the connection drops before COMMIT, and says that it cannot be known', async () => {
      const router = await startRouter(lab, 'us');
      await router.write('SELECT 1');
      const batch = failureOf(
        router.batch([{ text: "INSERT INTO note (text) VALUES ('dropped')" }, { text: 'SELECT pg_sleep(24)' }], {
          retry: { attempts: 4 },
        }),
      );
      await asleep('us', '%pg_sleep(24)%');
      await lab.region('us').reset();
      expect(await batch).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', outcome: 'unknown' });
      expect(await count('dropped')).toBe(0);
    });

    it('was not done when the server ended its session before COMMIT, and is not sent again if an operator did', async () => {
      const router = await startRouter(lab, 'us');
      await router.write('SELECT 1');
      const batch = failureOf(
        router.batch([{ text: "INSERT INTO note (text) VALUES ('ended')" }, { text: 'SELECT pg_sleep(37)' }]),
      );
      await terminate('us', '%pg_sleep(37)%');
      expect(await batch).toMatchObject({ code: 'ERR_ROLLED_BACK', outcome: 'rolled-back' });
      expect(await count('ended')).toBe(0);
      expect(router.told('retry')).toEqual([]);
    });

    it('sends thousands of statements, bytes, nothing at all, and what is no text at once or not at all', async () => {
      const router = await startRouter(lab, 'us', { max: 1 });
      const many = Array.from({ length: 3_000 }, (_, at) => ({
        text: 'INSERT INTO note (text) VALUES ($1)',
        values: [`many ${at}`],
      }));
      expect(await router.batch(many)).toHaveLength(3_000);
      const bytes = Buffer.from([0, 1, 0xff]);
      const [first, empty, second] = await router.batch([
        {
          text: 'SELECT $1::bytea AS bytes, $2::text AS nothing, $3::int[] AS list',
          values: [bytes, undefined, [1, 2]],
        },
        { text: '' },
        { text: 'SELECT 2 AS two' },
      ]);
      expect(first?.rows).toEqual([{ bytes, nothing: null, list: [1, 2] }]);
      expect(empty?.rows).toEqual([]);
      expect(second?.rows).toEqual([{ two: 2 }]);
      for (const [statement, outcome] of [
        [{ text: 'SELECT $1::text', values: ['a\0b'] }, 'rolled-back'],
        [{ text: "SELECT 'a\0b'" }, 'not-sent'],
        [{ text: 'SELECT 1; SELECT 2' }, 'rolled-back'],
        // To the server, COPY meets messages it cannot read.
        [{ text: 'COPY note (text) FROM STDIN' }, 'unknown'],
      ] as const) {
        const failure = await failureOf(
          router.batch([
            { text: "INSERT INTO note (text) VALUES ('with a bad one')" },
            statement,
            { text: 'SELECT 1' },
          ]),
        );
        expect(outcomeOf(failure)).toBe(outcome);
        expect((await router.write('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      }
      expect(await count('with a bad one')).toBe(0);
    });
  });
});
