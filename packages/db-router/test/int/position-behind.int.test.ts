import type { Lab } from '@regionkit/lab';
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, serial, text } from 'drizzle-orm/pg-core';
import { Kysely, PostgresDialect } from 'kysely';
import pg, { type PoolClient } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, postgresReadings, type Readings, type RegionRouterOptions } from '../../src/index.ts';
import { eventually, expectNoLeak, failureOf, type Name, startLab, startRouter, type TestRouter } from './lab.ts';

const INSERT = 'INSERT INTO line (text) VALUES ($1) RETURNING text';
const ONE_ROUND_TRIP = ['sent', 'ready', 'ready'];
const TWO_ROUND_TRIPS = ['sent', 'ready', 'sent', 'ready'];

/** As a later version of node-postgres could be: it keeps the running query under another name. */
class OtherClient extends pg.Client {
  declare _activeQuery: unknown;
  constructor(config?: pg.ClientConfig) {
    super(config);
    let active: unknown = null;
    Object.defineProperty(this, '_activeQuery', {
      get: () => undefined,
      set: (query) => {
        active = query;
      },
    });
    Object.assign(this, { _getActiveQuery: () => active });
  }
}

/** The client of another copy of node-postgres: the queries of this copy cannot run on its connection. */
class ClientOfAnotherCopy extends pg.Client {
  static readonly Query = class extends pg.Query {};
}

describe('a write and the query for its position', () => {
  let lab: Lab<Name>;
  let router: TestRouter;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    await lab.primary.query(`CREATE TABLE line (id serial PRIMARY KEY, text text);
      GRANT ALL ON line, line_id_seq TO app;
      CREATE SEQUENCE asked; GRANT ALL ON SEQUENCE asked TO app`);
    await lab.caughtUp();
  });
  afterAll(() => lab.close());

  /** A router in the region of the primary with one connection, which is open. */
  const inUs = async (options: Partial<RegionRouterOptions<Name>> & { readonly pool?: pg.PoolConfig } = {}) => {
    router = await startRouter(lab, 'us', { writes: 'remote-pool', max: 1, ...options });
    await eventually(() => router.explain('write').action === 'run');
    await router.write('SELECT 1');
    return router;
  };
  /** What goes over the connection meanwhile: what this process sends, and when the server is ready again. */
  const traffic = async (run: () => Promise<unknown>, given?: PoolClient): Promise<readonly string[]> => {
    const { connection } = given ?? (await opened());
    const seen: string[] = [];
    const { write } = connection.stream;
    connection.stream.write = ((...chunk: never[]) => {
      if (seen.at(-1) !== 'sent') seen.push('sent');
      return (write as (...chunk: never[]) => boolean).apply(connection.stream, chunk);
    }) as typeof write;
    const onReady = () => seen.push('ready');
    connection.prependListener('readyForQuery', onReady);
    await run();
    connection.stream.write = write;
    connection.off('readyForQuery', onReady);
    return seen;
  };
  /** The one connection to the primary. */
  const opened = async (): Promise<PoolClient> => {
    const client = (await router.wrapped.us?.connect()) as PoolClient;
    client.release();
    return client;
  };
  const leased = async <T>(use: (client: PoolClient) => Promise<T>): Promise<T> => {
    const client = await router.pool.connect();
    try {
      return await use(client);
    } finally {
      client.release();
    }
  };
  const tokenAfter = (run: () => Promise<unknown>) =>
    router.run({}, async () => {
      await run();
      return router.token();
    });
  const withPosition = (insertPositionSql: string): { readonly readings: Readings } => ({
    readings: { ...postgresReadings, insertPositionSql },
  });
  /** The first time this is asked the answer takes longer than anything waits. */
  const SLOW_ONCE = `SELECT pg_current_wal_insert_lsn()::text AS position
    WHERE CASE WHEN nextval('asked') = 1 THEN pg_sleep(600) IS NOT NULL ELSE true END`;

  const line = pgTable('line', { id: serial('id').primaryKey(), text: text('text') });
  const kysely = () => new Kysely<{ line: { text: string } }>({ dialect: new PostgresDialect({ pool: router.pool }) });
  const WAYS: { readonly [way: string]: () => Promise<unknown> } = {
    write: () => router.write(INSERT, ['x']),
    'write, in the simple protocol': () => router.write("INSERT INTO line (text) VALUES ('x')"),
    'write, with a name': () => router.write({ name: 'insert', text: INSERT, values: ['x'] }),
    'a write with WITH': () => router.write(`WITH one AS (${INSERT}) SELECT * FROM one`, ['x']),
    'UPDATE of no row': () => router.write('UPDATE line SET text = $1 WHERE false', ['x']),
    'pool.query': () => router.pool.query(INSERT, ['x']),
    'primary.query': () => router.primary.query(INSERT, ['x']),
    'a client of pool': () => leased((client) => client.query(INSERT, ['x'])),
    'a client of pool, by callback': () =>
      leased((client) => new Promise((resolve) => client.query(INSERT, ['x'], resolve as () => void))),
    Drizzle: () => drizzle(router.pool).insert(line).values({ text: 'x' }),
    Kysely: () => kysely().insertInto('line').values({ text: 'x' }).execute(),
  };

  it.each(Object.keys(WAYS))('%s: both go out in one write to the socket', async (way) => {
    await inUs();
    let token: string | undefined;
    const seen = await traffic(async () => {
      token = await tokenAfter(WAYS[way] as () => Promise<unknown>);
    });
    expect(seen).toEqual(ONE_ROUND_TRIP);
    expect(token).toBeDefined();
    await expectNoLeak(lab, router);
  });

  it('a statement outside a scope, and a SELECT, are not followed by it', async () => {
    await inUs();
    expect(await traffic(() => router.write(INSERT, ['x']))).toEqual(['sent', 'ready']);
    expect(await traffic(() => router.run({}, () => router.primary.query('SELECT 1')))).toEqual(['sent', 'ready']);
  });

  it.each([
    ['VACUUM', 'VACUUM line'],
    ['two statements', "INSERT INTO line (text) VALUES ('x'); INSERT INTO line (text) VALUES ('y')"],
    ['DDL', 'CREATE TABLE IF NOT EXISTS other (id int)'],
  ])('%s: the position is asked for afterwards', async (_what, text) => {
    await inUs({ readings: postgresReadings });
    await lab.primary.query('GRANT ALL ON SCHEMA public TO app; ALTER TABLE line OWNER TO app');
    let token: string | undefined;
    const seen = await traffic(async () => {
      token = await tokenAfter(() => router.write(text));
    });
    expect(seen).toEqual(TWO_ROUND_TRIPS);
    expect(token).toBeDefined();
  });

  it.each([
    ['that keeps its running query in another way', OtherClient],
    ['of which the app has another copy', ClientOfAnotherCopy],
  ])('a node-postgres %s is asked afterwards', async (_which, Client) => {
    await inUs({ pool: { Client: Client as never } });
    let token: string | undefined;
    const seen = await traffic(async () => {
      token = await tokenAfter(() => router.write(INSERT, ['x']));
    });
    expect(seen).toEqual(TWO_ROUND_TRIPS);
    expect(token).toBeDefined();
  });

  it('a result is what it would be without the position behind it', async () => {
    await inUs();
    const queries = [
      "INSERT INTO line (text) VALUES ('x')",
      { text: INSERT, values: ['x'] },
      { text: INSERT, values: ['x'], rowMode: 'array' },
      { text: INSERT, values: ['x'], types: { getTypeParser: () => () => 'parsed' } },
      { name: 'one', text: INSERT, values: ['x'] },
      { name: 'one', text: INSERT, values: ['y'] },
      "INSERT INTO line (text) SELECT n::text FROM generate_series(1, 1000) AS n RETURNING text, 'again' AS text",
      'UPDATE line SET text = text WHERE false',
      "WITH one AS (INSERT INTO line (text) VALUES ('x') RETURNING text) SELECT * FROM one",
    ];
    for (const query of queries) {
      const expected = (await router.wrapped.us?.query(query as never)) as unknown as pg.QueryResult;
      for (const ask of [router.write, router.pool.query.bind(router.pool)] as const) {
        const result = await router.run({}, () => (ask as typeof router.write)(query as never));
        const { command, rows, rowCount, fields } = result;
        expect({ command, rows, rowCount, fields }).toEqual({
          command: expected.command,
          rows: expected.rows,
          rowCount: expected.rowCount,
          fields: expected.fields,
        });
      }
    }
  });

  it('statements that are not awaited are answered in their order, each with its own result', async () => {
    await inUs();
    await router.run({}, () =>
      leased(async (client) => {
        const answers = await Promise.allSettled([
          client.query(INSERT, ['a']),
          client.query(INSERT, ['b']),
          client.query('INSERT INTO line (id) VALUES (1 / 0)'),
          client.query(new Cursor('SELECT 7 AS n')).read(10),
          client.query(INSERT, ['c']),
        ]);
        expect(answers).toMatchObject([
          { value: { rows: [{ text: 'a' }] } },
          { value: { rows: [{ text: 'b' }] } },
          { reason: { code: '22012' } },
          { value: [{ n: 7 }] },
          { value: { rows: [{ text: 'c' }] } },
        ]);
      }),
    );
    expect(router.token()).toBeUndefined();
    await expectNoLeak(lab, router);
  });

  it('a transaction whose BEGIN was not awaited holds no query for a position', async () => {
    await inUs();
    await router.run({}, () =>
      leased(async (client) => {
        const statements = ['BEGIN ISOLATION LEVEL REPEATABLE READ', "INSERT INTO line (text) VALUES ('x')", 'COMMIT'];
        const seen = await traffic(() => Promise.all(statements.map((text) => client.query(text))), client);
        expect(seen).toEqual(['sent', 'ready', 'sent', 'ready', 'sent', 'ready']);
        expect(router.token()).toBeDefined();
      }),
    );
  });

  it.each([
    ['an error of the server', { text: 'INSERT INTO line (id) VALUES (1 / 0)' }, 'rolled-back'],
    ['an error of the syntax', { text: 'INSERT INTO' }, 'rolled-back'],
    ['a value that does not serialise', { text: INSERT, values: [{ toPostgres: () => fail() }] }, 'not-sent'],
    ['a name of another statement', { name: 'taken', text: INSERT, values: ['x'] }, 'not-sent'],
    ['a COPY without its data', { text: 'COPY line (text) FROM STDIN' }, 'rolled-back'],
  ])('%s is told as it is without the position, and the connection stays', async (_what, query, outcome) => {
    await inUs();
    await router.write({ name: 'taken', text: 'SELECT 1' });
    const before = await opened();
    const { pid } = (await before.query('SELECT pg_backend_pid() AS pid')).rows[0] as { pid: number };
    for (const ask of [router.write, (given: never) => leased((client) => client.query(given))] as const) {
      const expected = await failureOf(
        (router.wrapped.us as pg.Pool).connect().then(async (client) => {
          try {
            return await client.query(query as never);
          } finally {
            client.release();
          }
        }),
      );
      await router.run({}, async () => {
        const error = await failureOf((ask as typeof router.write)(query as never));
        expect([error.message, error.code]).toEqual([expected.message, expected.code]);
        expect(outcomeOf(error)).toBe(outcome);
        expect(router.token()).toBeUndefined();
        const { rows } = await router.primary.query('SELECT pg_backend_pid() AS pid');
        expect(rows).toEqual([{ pid }]);
      });
    }
    await expectNoLeak(lab, router);
  });
  const fail = (): never => {
    throw new Error('it does not serialise');
  };

  it('a statement that statement_timeout ends was rolled back, and the connection stays', async () => {
    await inUs({ pool: { statement_timeout: 50 } });
    const text = 'INSERT INTO line (text) SELECT pg_sleep(600)::text';
    await router.run({}, async () => {
      expect(await failureOf(router.write(text))).toMatchObject({ code: '57014' });
      expect((await router.write(INSERT, ['x'])).rows).toEqual([{ text: 'x' }]);
    });
    await expectNoLeak(lab, router);
  });

  it.each([
    ['fails', 'SELECT (1 / 0)::text AS position'],
    ['ends the session', 'SELECT pg_terminate_backend(pg_backend_pid())::text AS position'],
    ['returns nothing', 'SELECT NULL::text AS position WHERE false'],
    ['returns no position', "SELECT 'nonsense' AS position"],
  ])('a query for the position that %s takes nothing from the write', async (_what, sql) => {
    await inUs(withPosition(sql));
    for (const write of [
      () => router.write(INSERT, ['x']),
      () => leased((client) => client.query(INSERT, ['x'])),
    ] as const) {
      await router.run({}, async () => {
        expect(await write()).toMatchObject({ rows: [{ text: 'x' }] });
        expect(router.token()).toBeDefined();
        // Only the primary certainly has it.
        expect(router.explain('read')).toMatchObject({ region: 'us' });
      });
    }
    expect(router.told('position-unknown')).toHaveLength(2);
    await eventually(() => router.stats().leased === 0);
    expect(router.told('leak')).toEqual([]);
  });

  it('where only the first of two answers comes, the write is done, and later positions are asked for afterwards', async () => {
    await lab.primary.query("SELECT setval('asked', 1, false)");
    await inUs({ ...withPosition(SLOW_ONCE), probe: { timeoutMs: 300 } });
    await router.run({}, async () => {
      expect((await router.write(INSERT, ['x'])).rows).toEqual([{ text: 'x' }]);
      expect(router.told('position-unknown')).toHaveLength(1);
      expect(router.token()).toBeDefined();
    });
    await eventually(() => router.explain('write').action === 'run');
    await router.write('SELECT 1');
    expect(await traffic(() => tokenAfter(() => router.write(INSERT, ['x'])))).toEqual(TWO_ROUND_TRIPS);
    expect(router.told('position-unknown')).toHaveLength(1);
    expect(router.told('leak')).toEqual([]);
  });

  it('the read timeout of node-postgres is that of the statement, not of its position', async () => {
    await lab.primary.query("SELECT setval('asked', 1, false)");
    await inUs({ ...withPosition(SLOW_ONCE), probe: { timeoutMs: 1_000 }, pool: { query_timeout: 200 } });
    await router.run({}, async () => {
      expect((await router.write(INSERT, ['x'])).rows).toEqual([{ text: 'x' }]);
      expect(router.token()).toBeDefined();
    });
  });

  const refused = { toPostgres: () => fail() };
  it.each([
    ['a SELECT whose writes are asked for', 'SELECT 1'],
    ['a write with its position', INSERT.replace('$1', "'x'")],
  ])('a statement that node-postgres refuses behind %s was not sent', async (_what, text) => {
    await inUs();
    await router.run({}, () =>
      leased(async (client) => {
        const answers = await Promise.allSettled([client.query(text), client.query(INSERT, [refused])]);
        expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
        expect(outcomeOf((answers[1] as PromiseRejectedResult).reason)).toBe('not-sent');
      }),
    );
    await expectNoLeak(lab, router);
  });

  it('a statement whose result the app cannot parse was sent, also where another one is behind it', async () => {
    await inUs();
    const types = { getTypeParser: () => fail };
    await router.run({}, () =>
      leased(async (client) => {
        const answers = await Promise.allSettled([
          client.query({ text: INSERT, values: ['x'], types } as never),
          client.query('SELECT 1'),
        ]);
        expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
        expect(outcomeOf((answers[0] as PromiseRejectedResult).reason)).toBe('unknown');
      }),
    );
    await expectNoLeak(lab, router);
  });

  it('an error of the app that looks like one of the server takes no turn: the server has answered once', async () => {
    await inUs();
    const client = await opened();
    const likeServer = await failureOf(client.query('SELECT 1 / 0'));
    const types = {
      getTypeParser: () => () => {
        throw likeServer;
      },
    };
    await router.run({}, async () => {
      expect(await failureOf(router.write({ text: INSERT, values: ['x'], types } as never))).toBeDefined();
      expect((await router.write(INSERT, ['x'])).rows).toEqual([{ text: 'x' }]);
    });
    expect(await traffic(() => tokenAfter(() => router.write(INSERT, ['x'])))).toEqual(ONE_ROUND_TRIP);
    expect(await opened()).toBe(client);
    await expectNoLeak(lab, router);
  });

  it('a connection that is lost with an error of the server does not tell of a pooler', async () => {
    await inUs({ probe: { timeoutMs: 200 } });
    const client = await opened();
    const ofServer = await failureOf(client.query('SELECT 1 / 0'));
    const lost = router.run({}, () => failureOf(router.write('INSERT INTO line (text) SELECT pg_sleep(600)::text')));
    await eventually(async () => (await sleeping()).length > 0);
    client.connection.stream.destroy(ofServer);
    expect(await lost).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });
    await eventually(() => router.explain('write').action === 'run');
    await router.write('SELECT 1');
    expect(await traffic(() => tokenAfter(() => router.write(INSERT, ['x'])))).toEqual(ONE_ROUND_TRIP);
  });
  const sleeping = () =>
    lab.primary.query(
      "SELECT FROM pg_stat_activity WHERE query LIKE 'INSERT%pg_sleep(600)%' AND pid <> pg_backend_pid()",
    );

  it.each([
    ['is lost', 60_000, 'succeeded'],
    ['is lost', 60_000, 'failed'],
    ['does not come', 300, 'succeeded'],
    ['does not come', 300, 'failed'],
  ])(
    'where the answer for the position %s (%i ms) of a write that %s, later statements were not sent',
    async (_why, timeoutMs, how) => {
      await lab.primary.query("SELECT setval('asked', 1, false)");
      await inUs({ ...withPosition(SLOW_ONCE), probe: { timeoutMs } });
      const text = how === 'failed' ? 'INSERT INTO line (id) VALUES (1 / 0)' : INSERT.replace('$1', "'x'");
      await router.run({}, () =>
        leased(async (client) => {
          const { connection } = client;
          if (timeoutMs > 1_000) {
            connection.once('readyForQuery', () => connection.stream.destroy(new Error('the network is gone')));
          }
          const [first, second] = await Promise.allSettled([client.query(text), client.query(INSERT, ['queued'])]);
          expect(first.status).toBe(how === 'failed' ? 'rejected' : 'fulfilled');
          if (first.status === 'rejected') expect(first.reason).toMatchObject({ code: '22012' });
          expect(outcomeOf((second as PromiseRejectedResult).reason)).toBe('not-sent');
          expect(outcomeOf(await failureOf(client.query(INSERT, ['later'])))).toBe('not-sent');
        }),
      );
      const rows = await lab.primary.query("SELECT FROM line WHERE text IN ('queued', 'later')");
      expect(rows).toHaveLength(0);
      await eventually(() => router.explain('write').action === 'run');
      expect((await router.write(INSERT, ['x'])).rows).toEqual([{ text: 'x' }]);
    },
  );

  it('a connection that is lost before the answer leaves the outcome unknown, and one lost after it does not', async () => {
    await inUs();
    const { connection } = await opened();
    const lost = router.run({}, () => failureOf(router.write('INSERT INTO line (text) SELECT pg_sleep(600)::text')));
    await eventually(
      async () =>
        (
          await lab.primary.query(
            "SELECT FROM pg_stat_activity WHERE query LIKE 'INSERT%pg_sleep(600)%' AND pid <> pg_backend_pid()",
          )
        ).length > 0,
    );
    connection.stream.destroy(new Error('the network is gone'));
    expect(await lost).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN' });

    await lab.primary.query("SELECT setval('asked', 1, false)");
    await inUs({ ...withPosition(SLOW_ONCE), probe: { timeoutMs: 60_000 } });
    const second = await opened();
    second.connection.once('readyForQuery', () => second.connection.stream.destroy(new Error('the network is gone')));
    await router.run({}, async () => {
      expect((await router.write(INSERT, ['x'])).rows).toEqual([{ text: 'x' }]);
      expect(router.token()).toBeDefined();
    });
  });

  it('a client that is given back before its statement was answered goes back clean', async () => {
    await inUs();
    await router.run({}, async () => {
      const client = await router.pool.connect();
      const answer = client.query(INSERT, ['x']);
      client.release();
      const next = await router.primary.connect();
      expect((await answer).rows).toEqual([{ text: 'x' }]);
      expect((await next.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      next.release();
    });
    await expectNoLeak(lab, router);
  });

  it('COPY and cursors have their position, asked for afterwards', async () => {
    await inUs();
    const writes = [
      (client: PoolClient) =>
        new Promise((resolve, reject) => {
          const copy = client.query(copyFrom('COPY line (text) FROM STDIN'));
          copy.on('finish', resolve).on('error', reject).end('x\n');
        }),
      async (client: PoolClient) => {
        const cursor = client.query(new Cursor(INSERT, ['x']));
        expect(await cursor.read(10)).toEqual([{ text: 'x' }]);
        await cursor.close();
      },
    ];
    for (const write of writes) expect(await tokenAfter(() => leased(write))).toBeDefined();
    await expectNoLeak(lab, router);
  });
});
