import { PrismaPg } from '@prisma/adapter-pg';
import type { Lab } from '@regionkit/lab';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import knexFactory from 'knex';
import { Kysely, sql as kyselySql, PostgresDialect } from 'kysely';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { outcomeOf } from '../../src/index.ts';
import { eventually, failureOf, type Name, readsLocally, startLab, startRouter, type TestRouter } from './lab.ts';

describe('a statement is run again only if it certainly did not happen, on real servers', () => {
  let lab: Lab<Name>;
  const crashes: unknown[] = [];
  const onCrash = (error: unknown) => void crashes.push(error);

  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    await lab.primary.query(`
      CREATE TABLE attempt (id serial, label text NOT NULL);
      CREATE FUNCTION fail(code text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'on purpose' USING errcode = code; END $$;
      CREATE PROCEDURE half(of text, code text) LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO attempt (label) VALUES (of); COMMIT; PERFORM fail(code); END $$;
      GRANT ALL ON TABLE attempt TO PUBLIC; GRANT ALL ON SEQUENCE attempt_id_seq TO PUBLIC`);
    await lab.caughtUp();
    process.on('uncaughtException', onCrash);
    process.on('unhandledRejection', onCrash);
  });
  afterEach(async () => {
    await lab.region('us').heal();
    expect(crashes.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    process.off('uncaughtException', onCrash);
    process.off('unhandledRejection', onCrash);
    await lab.close();
  });

  const rows = async (of: string): Promise<number> =>
    (await lab.region('us').query('SELECT count(*)::int AS n FROM attempt WHERE label = $1', [of]))[0].n;
  const inUs = async (options?: Parameters<typeof startRouter>[2]) => {
    const router = await startRouter(lab, 'us', options);
    await eventually(() => router.explain('write').action === 'run');
    return router;
  };

  const WAYS: readonly (readonly [string, (router: TestRouter, text: string) => Promise<unknown>])[] = [
    ['write()', (router, text) => router.write(text)],
    ['write() in a scope', (router, text) => router.run({}, () => router.write(text))],
    ['read()', (router, text) => router.read(text)],
    ['pool.query()', (router, text) => router.pool.query(text)],
    [
      'a client',
      async (router, text) => {
        const client = await router.pool.connect();
        await client.query(text).finally(() => client.release());
      },
    ],
    ['Drizzle', (router, text) => drizzle(router.pool).execute(sql.raw(text))],
    [
      'Kysely',
      (router, text) =>
        kyselySql.raw(text).execute(new Kysely({ dialect: new PostgresDialect({ pool: router.pool }) })),
    ],
  ];

  describe.each(WAYS)('by %s', (name, run) => {
    it.each(['40001', '40P01', '22012'])('but not a text that had committed before it failed with %s', async (code) => {
      const router = await inUs();
      const of = `${name} ${code}`;
      const failure = await failureOf(
        run(router, `INSERT INTO attempt (label) VALUES ('${of}'); COMMIT; SELECT fail('${code}')`),
      );
      expect(outcomeOf(failure)).toBe('unknown');
      expect(await rows(of)).toBe(1);
      expect(router.told('retry')).toEqual([]);
    });

    it('nor a procedure that had', async () => {
      const router = await inUs();
      const failure = await failureOf(run(router, `CALL half('${name}', '40001')`));
      expect(outcomeOf(failure)).toBe('unknown');
      expect(await rows(name)).toBe(1);
    });

    it('and says of a text that was undone as a whole that it was', async () => {
      const router = await inUs();
      for (const text of [
        "INSERT INTO attempt (label) VALUES ('undone'); SELECT fail('22012')",
        "BEGIN; INSERT INTO attempt (label) VALUES ('undone'); SELECT fail('22012'); COMMIT",
        "INSERT INTO attempt (label) VALUES ('undone'); BEGIN; SELECT fail('22012'); COMMIT",
      ])
        expect(outcomeOf(await failureOf(run(router, text)))).toBe('rolled-back');
      expect(await rows('undone')).toBe(0);
    });
  });

  it('a text of several is not run again, one statement is', async () => {
    const router = await inUs();
    await lab.region('us').query('CREATE SEQUENCE tries; GRANT USAGE ON SEQUENCE tries TO PUBLIC');
    const once = "SELECT CASE WHEN nextval('tries') % 2 = 1 THEN fail('40001') END";
    await router.write(`INSERT INTO attempt (label) VALUES ('one; statement' || coalesce((${once})::text, ''));`);
    expect(await rows('one; statement')).toBe(1);
    expect(router.told('retry')).toHaveLength(1);
    const failure = await failureOf(router.write(`INSERT INTO attempt (label) VALUES ('several'); ${once}`));
    expect(failure.code).toBe('40001');
    expect(outcomeOf(failure)).toBe('rolled-back');
    expect(router.told('retry')).toHaveLength(1);
  });

  it('an index that is built concurrently is not started again after a deadlock', async () => {
    const router = await inUs();
    const holder = new pg.Client(lab.region('us').connectionString);
    await holder.connect();
    onTestFinished(() => holder.end());
    await router.write('CREATE TABLE indexed (a int)');
    await holder.query('BEGIN; INSERT INTO indexed VALUES (1)');
    const building = failureOf(router.write('CREATE INDEX CONCURRENTLY broken ON indexed (a)'));
    await eventually(
      async () =>
        (
          await lab
            .region('us')
            .query("SELECT FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX C%' AND wait_event_type = 'Lock'")
        ).length > 0,
    );
    await lab
      .region('us')
      .query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX C%'");
    expect(outcomeOf(await building)).toBe('unknown');
    expect(router.told('retry')).toEqual([]);
    expect(await lab.region('us').query("SELECT FROM pg_class WHERE relname = 'broken'")).toHaveLength(1);
  });

  describe('0A000 on a standby', () => {
    const inEu = async (options?: Parameters<typeof startRouter>[2]) => {
      const router = await startRouter(lab, 'eu', options);
      await readsLocally(router);
      return router;
    };

    it.each([
      'SELECT label FROM attempt GROUP BY label FOR UPDATE',
      'SELECT id FROM attempt UNION SELECT 1 FOR UPDATE',
      'SELECT count(DISTINCT id) OVER () FROM attempt',
      'SELECT * FROM elsewhere.public.attempt',
      'SELECT CASE WHEN true THEN generate_series(1, 2) END',
    ])('is given back as it is: %s', async (text) => {
      for (const reach of [['us', 'eu'], ['eu']] as const) {
        const router = await startRouter(lab, 'eu', { reach });
        await eventually(() => router.explain('read').node === 'eu/0');
        const failure = await failureOf(router.read(text));
        expect(failure.code).toBe('0A000');
        expect(router.told('retry')).toEqual([]);
      }
    });

    it.each(['BEGIN READ WRITE; SELECT 1; COMMIT', 'BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT'])(
      'is a write where PostgreSQL means that: %s',
      async (text) => {
        const router = await inEu();
        await router.read(text);
        expect(router.told('retry')).toHaveLength(1);
      },
    );

    it.each([
      ['us', 'read'],
      ['us', 'write'],
      ['eu', 'read'],
    ] as const)('of a prepared statement is no failure: in %s, by %s()', async (self, way) => {
      const router = await startRouter(lab, self, { max: 3 });
      const table = `shaped_${self}_${way}`;
      await lab.region('us').query(`CREATE TABLE ${table} (a int); GRANT ALL ON ${table} TO PUBLIC`);
      await lab.caughtUp();
      await eventually(() => router.explain('read').node === `${self}/0` && router.explain('write').action === 'run');
      const ask = () => router[way]({ text: `SELECT *, pg_is_in_recovery() AS r FROM ${table}`, name: table } as never);
      await Promise.all([ask(), ask(), ask()]);
      await lab.region('us').query(`ALTER TABLE ${table} ADD COLUMN b int; INSERT INTO ${table} VALUES (1, 2)`);
      await lab.caughtUp();
      for (let at = 0; at < 6; at += 1) expect((await ask()).rows).toEqual([{ a: 1, b: 2, r: self === 'eu' }]);
      expect(router.stats().discarded).toBeGreaterThan(0);
    });

    it('of a prepared statement in a transaction is run again on another connection, if it may be', async () => {
      const router = await inUs({ max: 1 });
      await router.write('CREATE TABLE shaped_in_transaction (a int)');
      const ask = { text: 'SELECT * FROM shaped_in_transaction', name: 'shaped' };
      const run = (retries: number) => router.transaction((tx) => tx.query(ask), { retry: { attempts: retries + 1 } });
      await run(0);
      await router.write('ALTER TABLE shaped_in_transaction ADD COLUMN b int');
      expect((await run(1)).fields).toHaveLength(2);
      await router.write('ALTER TABLE shaped_in_transaction ADD COLUMN c int');
      expect((await failureOf(run(0))).code).toBe('0A000');
      expect((await run(0)).fields).toHaveLength(3);
    });

    it('nor is one that was closed because a value of it does not serialise', async () => {
      const router = await inUs({ max: 1 });
      const hostile = {
        toPostgres: () => {
          throw new Error('no');
        },
      };
      const ask = (value: unknown) => ({ text: 'SELECT $1::text AS text', name: 'closed', values: [value] });
      for (const prepared of [false, true]) {
        if (prepared) await router.write(ask('before'));
        expect(outcomeOf(await failureOf(router.write(ask(hostile))))).toBe('not-sent');
        expect((await router.transaction((tx) => tx.query(ask('after')))).rows).toEqual([{ text: 'after' }]);
      }
    });

    it('nor is a prepared statement that its session has lost', async () => {
      const router = await inUs({ max: 1 });
      const ask = () => router.write({ text: 'SELECT 7 AS seven', name: 'seven' } as never);
      await ask();
      await router.write('DEALLOCATE ALL');
      expect((await ask()).rows).toEqual([{ seven: 7 }]);
      expect((await ask()).rows).toEqual([{ seven: 7 }]);
      expect(router.stats().discarded).toBe(1);
    });
  });

  describe('a transaction whose session was ended between two statements', () => {
    const ends: readonly (readonly [string, (pid: number) => Promise<unknown>])[] = [
      ['by pg_terminate_backend()', (pid) => lab.region('us').query('SELECT pg_terminate_backend($1)', [pid])],
      ['by a timeout of its own', () => Promise.resolve()],
      ['by a network that breaks', () => lab.region('us').reset()],
    ];
    const begin = async (
      tx: { query(text: string, values?: readonly unknown[]): Promise<pg.QueryResult> },
      of: string,
    ) => {
      await tx.query('INSERT INTO attempt (label) VALUES ($1)', [of]);
      const { rows: found } = await tx.query('SELECT pg_backend_pid() AS pid');
      return found[0].pid as number;
    };
    const isGone = (pid: number) =>
      eventually(
        async () => (await lab.region('us').query('SELECT FROM pg_stat_activity WHERE pid = $1', [pid])).length === 0,
      );

    it.each(ends)('is known to be rolled back: %s', async (how, end) => {
      const router = await inUs();
      for (const rest of ['a statement', 'nothing', 'a statement whose error is wrapped'] as const) {
        const failure = await failureOf(
          router.transaction(async (tx) => {
            if (how.includes('timeout')) await tx.query("SET LOCAL idle_in_transaction_session_timeout = '20ms'");
            const pid = await begin(tx, `${how}, ${rest}`);
            await end(pid);
            await isGone(pid);
            if (rest === 'nothing') return;
            await tx.query('SELECT 1').catch((cause: unknown) => {
              throw rest === 'a statement' ? cause : new Error('wrapped', { cause });
            });
          }),
        );
        expect(failure).toMatchObject({ code: 'ERR_ROLLED_BACK', outcome: 'rolled-back', status: 503 });
        expect(await rows(`${how}, ${rest}`)).toBe(0);
      }
    });

    it.each(ends)('is so for an ORM, too: %s', async (how, end) => {
      const router = await inUs();
      const failure = await failureOf(
        drizzle(router.pool).transaction(async (tx) => {
          const query = (text: string, values: readonly unknown[] = []) =>
            tx.execute(values.length === 0 ? sql.raw(text) : sql`INSERT INTO attempt (label) VALUES (${values[0]})`);
          if (how.includes('timeout')) await query("SET LOCAL idle_in_transaction_session_timeout = '20ms'");
          const pid = await begin({ query: query as never }, `Drizzle ${how}`);
          await end(pid);
          await isGone(pid);
          await query('SELECT 1');
        }),
      );
      expect(outcomeOf(failure)).toBe('rolled-back');
      expect(await rows(`Drizzle ${how}`)).toBe(0);
    });

    it('is run again if it may be', async () => {
      const router = await inUs();
      let runs = 0;
      await router.transaction(
        async (tx) => {
          runs += 1;
          const pid = await begin(tx, 'again');
          if (runs > 1) return;
          await lab.region('us').query('SELECT pg_terminate_backend($1)', [pid]);
          await isGone(pid);
        },
        { retry: { attempts: 2 } },
      );
      expect([runs, await rows('again')]).toEqual([2, 1]);
    });
  });

  it.each(['SELECT 1; COMMIT; BEGIN', 'SELECT 1; COMMIT AND CHAIN', "SELECT 1; COMMIT; SELECT fail('40001')"])(
    'a transaction that a text of its own has committed is of unknown outcome, and is not run again: %s',
    async (text) => {
      const router = await inUs();
      const failure = await router.run({}, async () => {
        const thrown = await failureOf(
          router.transaction(
            async (tx) => {
              await tx.query('INSERT INTO attempt (label) VALUES ($1)', [text]);
              await tx.query(text);
            },
            { retry: { attempts: 4 } },
          ),
        );
        // Who looks whether it was done is sent to the primary.
        expect(router.token()).toBeDefined();
        return thrown;
      });
      expect(failure).toMatchObject({ code: 'ERR_TRANSACTION_CONTROL', outcome: 'unknown' });
      expect(await rows(text)).toBe(1);
    },
  );

  /** What is sent next is done, and its answer never comes. */
  const cutAfter = async (done: () => Promise<boolean>) => {
    await lab.region('us').mute();
    void eventually(done).then(() => lab.region('us').reset());
  };
  const PATIENT = { probe: { intervalMs: 10_000, alertIntervalMs: 50, timeoutMs: 5_000 }, maxViewAgeMs: 60_000 };

  it.each(['throws it', 'ignores it', 'does not wait for it'])(
    'a transaction is of unknown outcome when a text of its own has committed it and is not answered, and its callback %s',
    async (callback) => {
      const router = await inUs(PATIENT);
      let runs = 0;
      const failure = await failureOf(
        router.transaction(
          async (tx) => {
            runs += 1;
            await cutAfter(async () => (await rows(callback)) === 1);
            const asked = tx.query(`INSERT INTO attempt (label) VALUES ('${callback}'); COMMIT`);
            if (callback === 'throws it') await asked;
            else if (callback === 'ignores it') await asked.catch(() => {});
            else {
              asked.catch(() => {});
              await eventually(async () => (await rows(callback)) === 1);
            }
          },
          { retry: { attempts: 2 } },
        ),
      );
      expect(outcomeOf(failure)).toBe('unknown');
      expect([runs, await rows(callback)]).toEqual([1, 1]);
    },
  );

  it.each(['COMMIT', 'COMMIT AND CHAIN', "COMMIT /* traceparent='x' */", 'SELECT 1; COMMIT'])(
    'who looks whether it was done is sent to the primary: %s',
    async (text) => {
      const router = await inUs(PATIENT);
      await router.run({}, async () => {
        const client = await router.primary.connect();
        await client.query('BEGIN');
        await client.query('INSERT INTO attempt (label) VALUES ($1)', [`token of ${text}`]);
        await cutAfter(async () => (await rows(`token of ${text}`)) === 1);
        expect(outcomeOf(await failureOf(client.query(text)))).toBe('unknown');
        client.release(true);
        expect(router.token()).toBeDefined();
      });
    },
  );

  describe('a COMMIT that is done and not answered', () => {
    interface Orm {
      readonly name: string;
      run(router: TestRouter, text: string, beforeCommit: () => Promise<void>): Promise<unknown>;
    }
    const ORMS: readonly Orm[] = [
      {
        name: 'BEGIN … catch { ROLLBACK }',
        run: async (router, text, beforeCommit) => {
          const client = await router.pool.connect();
          try {
            await client.query('BEGIN');
            await client.query('INSERT INTO attempt (label) VALUES ($1)', [text]);
            await beforeCommit();
            await client.query('COMMIT');
          } catch (error) {
            await client.query('ROLLBACK');
            throw error;
          } finally {
            client.release();
          }
        },
      },
      {
        name: 'the same with callbacks',
        run: async (router, text, beforeCommit) => {
          const client = await router.pool.connect();
          const ask = (query: string) =>
            new Promise((resolve, reject) =>
              client.query(query, (error: unknown, result: unknown) => (error ? reject(error) : resolve(result))),
            );
          try {
            await ask('BEGIN');
            await ask(`INSERT INTO attempt (label) VALUES ('${text}')`);
            await beforeCommit();
            await ask('COMMIT');
          } catch (error) {
            await ask('ROLLBACK');
            throw error;
          } finally {
            client.release();
          }
        },
      },
      {
        name: 'Drizzle',
        run: (router, text, beforeCommit) =>
          drizzle(router.pool).transaction(async (tx) => {
            await tx.execute(sql`INSERT INTO attempt (label) VALUES (${text})`);
            await beforeCommit();
          }),
      },
      {
        name: 'Kysely',
        run: (router, text, beforeCommit) =>
          new Kysely({ dialect: new PostgresDialect({ pool: router.pool }) }).transaction().execute(async (trx) => {
            await kyselySql`INSERT INTO attempt (label) VALUES (${text})`.execute(trx);
            await beforeCommit();
          }),
      },
      {
        name: 'the adapter of Prisma',
        run: async (router, text, beforeCommit) => {
          const adapter = await new PrismaPg(router.pool).connect();
          const raw = (sql: string) => ({ sql, args: [], argTypes: [] });
          const tx = await adapter.startTransaction();
          // As its engine does: it sends both by itself, and then tells the adapter.
          try {
            await tx.executeRaw(raw(`INSERT INTO attempt (label) VALUES ('${text}')`));
            await beforeCommit();
            await tx.executeRaw(raw('COMMIT'));
            await tx.commit();
          } catch (error) {
            try {
              await tx.executeRaw(raw('ROLLBACK'));
            } finally {
              await tx.rollback();
            }
            throw error;
          }
        },
      },
      {
        name: 'Knex',
        run: (router, text, beforeCommit) =>
          knexFactory({ client: 'pg', connectionPool: router.pool } as never).transaction(async (tx) => {
            await tx.raw('INSERT INTO attempt (label) VALUES (?)', [text]);
            await beforeCommit();
          }),
      },
    ];

    it.each(ORMS)('is of unknown outcome to $name, in a scope and without', async ({ name, run }) => {
      const router = await inUs({
        probe: { intervalMs: 10_000, alertIntervalMs: 50, timeoutMs: 5_000 },
        maxViewAgeMs: 60_000,
      });
      for (const scoped of [false, true]) {
        const of = `${name} ${scoped}`;
        const cut = async () => {
          await lab.region('us').mute();
          void eventually(async () => (await rows(of)) === 1).then(() => lab.region('us').reset());
        };
        const work = () => run(router, of, cut);
        const failure = await failureOf(scoped ? router.run({}, work) : work());
        expect(outcomeOf(failure)).toBe('unknown');
        expect(await rows(of)).toBe(1);
        await lab.region('us').heal();
        await eventually(() => router.explain('write').action === 'run');
      }
    });
  });
});
