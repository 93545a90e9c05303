import type { Lab } from '@regionkit/lab';
import type { PoolClient } from 'pg';
import Cursor from 'pg-cursor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, type Name, startLab, startRouter, type TestRouter } from './lab.ts';

const READS = {
  'a SELECT': 'SELECT text FROM note',
  'a SELECT with a comment behind it': 'SELECT text FROM note -- all of them',
  'a function that reads': 'SELECT lower(text) FROM note',
  'WITH … SELECT': 'WITH all_notes AS (SELECT text FROM note) SELECT * FROM all_notes',
  'an UPDATE that meets no row': "WITH none AS (UPDATE note SET text = '' WHERE false RETURNING 1) SELECT * FROM none",
  VALUES: 'VALUES (1)',
  EXPLAIN: "EXPLAIN INSERT INTO note (text) VALUES ('explained')",
  SHOW: 'SHOW work_mem',
  'an advisory lock': 'SELECT pg_try_advisory_xact_lock(1)',
} as const;
const WRITES = {
  INSERT: 'INSERT INTO counted DEFAULT VALUES',
  'a function that writes': 'SELECT count_one()',
  'a view that writes': 'SELECT * FROM counting',
  'WITH … INSERT … SELECT': 'WITH one AS (INSERT INTO counted DEFAULT VALUES RETURNING id) SELECT id FROM one',
  'SELECT … FOR UPDATE': 'SELECT id FROM counted LIMIT 1 FOR UPDATE',
  'EXPLAIN ANALYZE': 'EXPLAIN ANALYZE INSERT INTO counted DEFAULT VALUES',
  CALL: 'CALL count_and_commit()',
  'several statements in one text': 'SELECT 1; INSERT INTO counted DEFAULT VALUES',
} as const;

/** As `sql-template-strings` and its kin make a statement. */
class Template {
  private readonly parts: readonly string[];
  constructor(parts: readonly string[]) {
    this.parts = parts;
  }
  get text(): string {
    return this.parts.join('');
  }
}

describe('whether a statement on the primary wrote', () => {
  let lab: Lab<Name>;
  let router: TestRouter;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    await lab.primary.query('CREATE TABLE counted (id serial PRIMARY KEY)');
    await lab.primary.query('INSERT INTO counted DEFAULT VALUES');
    await lab.primary.query(
      'CREATE FUNCTION count_one() RETURNS int LANGUAGE sql AS $$ INSERT INTO counted DEFAULT VALUES RETURNING id $$',
    );
    await lab.primary.query('CREATE VIEW counting AS SELECT count_one() AS id');
    await lab.primary.query(
      'CREATE PROCEDURE count_and_commit() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO counted DEFAULT VALUES; COMMIT; END $$',
    );
    await lab.caughtUp();
  });
  afterAll(() => lab.close());

  const inUs = async () => {
    router = await startRouter(lab, 'us', { reach: ['us'], writes: 'reject', coldStart: 'trust' });
    await eventually(() => router.explain('write').action === 'run');
  };
  /** The way a statement takes: each is in a GET, in the region of the primary. */
  const WAYS: { readonly [way: string]: (text: string) => Promise<unknown> } = {
    'pool.query': (text) => router.pool.query(text),
    'pool.query with values': (text) => router.pool.query({ text, values: [] }),
    'primary.query': (text) => router.primary.query(text),
    read: (text) => router.read(text),
    write: (text) => router.write(text),
    'a client of pool': (text) => leased(router.pool.connect(), (client) => client.query(text)),
    'a client of primary': (text) => leased(router.primary.connect(), (client) => client.query(text)),
    'a client of primary, by callback': (text) =>
      leased(
        router.primary.connect(),
        (client) =>
          new Promise((resolve, reject) =>
            client.query(text, (error: unknown, result: unknown) => (error ? reject(error) : resolve(result))),
          ),
      ),
  };
  const TRANSACTIONS: typeof WAYS = {
    transaction: (text) => router.transaction((tx) => tx.query(text)),
    batch: (text) => router.batch([{ text }]),
    'BEGIN and COMMIT': (text) => leased(router.primary.connect(), (client) => inTransaction(client, text)),
    'BEGIN and COMMIT on a client of pool': (text) =>
      leased(router.pool.connect(), (client) => inTransaction(client, text)),
    'a cursor in a transaction': (text) =>
      leased(router.primary.connect(), async (client) => {
        await client.query('BEGIN');
        const cursor = client.query(new Cursor(text));
        await cursor.read(1_000);
        await cursor.close();
        await client.query('COMMIT');
      }),
  };
  const leased = async (connecting: Promise<PoolClient>, use: (client: PoolClient) => Promise<unknown>) => {
    const client = await connecting;
    try {
      return await use(client);
    } finally {
      client.release();
    }
  };
  const inTransaction = async (client: PoolClient, text: string) => {
    await client.query('BEGIN');
    await client.query(text);
    await client.query('COMMIT');
  };
  const written = (ask: () => Promise<unknown>) =>
    router.run({ access: 'read' }, async () => {
      await ask();
      return router.token() !== undefined;
    });

  it.each(Object.keys(WAYS))('%s: a read leaves no token, a write does', async (way) => {
    await inUs();
    const ask = WAYS[way] as (text: string) => Promise<unknown>;
    for (const [name, text] of Object.entries(READS)) expect(await written(() => ask(text)), name).toBe(false);
    for (const [name, text] of Object.entries(WRITES)) expect(await written(() => ask(text)), name).toBe(true);
  });

  it.each(Object.keys(TRANSACTIONS))('%s: so does a transaction', async (way) => {
    await inUs();
    const ask = TRANSACTIONS[way] as (text: string) => Promise<unknown>;
    const { CALL: _commits, 'several statements in one text': _several, ...writes } = WRITES;
    for (const [name, text] of Object.entries(READS)) expect(await written(() => ask(text)), name).toBe(false);
    for (const [name, text] of Object.entries(writes)) expect(await written(() => ask(text)), name).toBe(true);
  });

  it('a result is what it would be without the question behind it', async () => {
    await inUs();
    const queries = [
      'SELECT 1 AS one, NULL AS nothing',
      { text: 'SELECT $1::int AS one', values: [7] },
      { text: 'SELECT $1::int AS one, $2::text AS two', values: [7, 'x'], rowMode: 'array' },
      { name: 'named', text: 'SELECT $1::int AS one', values: [7] },
      { name: 'named', text: 'SELECT $1::int AS one', values: [8] },
      { text: 'SELECT now() - now() AS nothing', types: { getTypeParser: () => () => 'parsed' } },
      'SELECT FROM note WHERE false',
      '',
      ' ',
      'SELECT generate_series(1, 1000) AS n',
      new Template(['SELECT ', '1 AS one']),
    ];
    for (const query of queries) {
      const expected = (await router.wrapped.us?.query(query as never)) as unknown as {
        command: string;
        rows: unknown[];
        rowCount: number;
      };
      const result = (await router.run({}, () => router.primary.query(query as never))) as unknown as typeof expected;
      const { command, rows, rowCount } = result;
      expect({ command, rows, rowCount }).toEqual({
        command: expected.command,
        rows: expected.rows,
        rowCount: expected.rowCount,
      });
    }
  });

  it('a callback that was left in a config takes no answer from a promise', async () => {
    await inUs();
    for (const text of ['SELECT 1 AS one', 'INSERT INTO counted DEFAULT VALUES']) {
      const left = { text, callback: () => {} } as never;
      for (const ask of [router.write, router.read, router.pool.query.bind(router.pool)] as const)
        expect(await router.run({}, () => (ask as typeof router.read)(left))).toMatchObject({ rowCount: 1 });
    }
  });

  it('COMMIT that was not awaited behind a statement that fails ends its transaction', async () => {
    await inUs();
    await router.run({}, async () => {
      const client = await router.primary.connect();
      await client.query('BEGIN');
      const answers = await Promise.allSettled([client.query('SELECT 1 / 0'), client.query('COMMIT')]);
      expect(answers).toMatchObject([{ reason: { code: '22012' } }, { reason: { code: 'ERR_ROLLED_BACK' } }]);
      await eventually(() => client.getTransactionStatus() === 'I');
      client.release();
    });
  });

  it('a statement that fails, and one whose value does not serialise, leave the connection as good as new', async () => {
    await inUs();
    await router.run({}, async () => {
      const client = await router.primary.connect();
      for (const bad of ['SELECT 1/0', 'SELEC', { text: 'SELECT $1', values: [{ toPostgres: () => fail() }] }]) {
        await expect(client.query(bad as never)).rejects.toThrow();
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      }
      client.release();
      expect(router.token()).toBeUndefined();
    });
  });
  const fail = (): never => {
    throw new Error('it does not serialise');
  };

  it('what must not be in a transaction still runs: VACUUM, CREATE INDEX CONCURRENTLY', async () => {
    await inUs();
    await lab.primary.query('CREATE TABLE owned (id int); ALTER TABLE owned OWNER TO app');
    await router.run({}, async () => {
      for (const text of ['VACUUM owned', 'CREATE INDEX CONCURRENTLY ON owned (id)']) await router.primary.query(text);
    });
  });

  it('COMMIT AND CHAIN has a token, and the chained transaction goes on', async () => {
    await inUs();
    await router.run({}, async () => {
      const client = await router.primary.connect();
      await client.query('BEGIN');
      await client.query('INSERT INTO counted DEFAULT VALUES');
      expect(router.token()).toBeUndefined();
      await client.query('COMMIT AND CHAIN');
      /** Without the time at which it was issued. */
      const position = () => router.token()?.slice(0, 36);
      const first = position();
      expect(first).toBeDefined();
      await client.query('INSERT INTO counted DEFAULT VALUES');
      await client.query('ROLLBACK AND CHAIN');
      expect(position()).toBe(first);
      await client.query('COMMIT');
      client.release();
    });
  });
});
