import type { Lab } from '@regionkit/lab';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { outcomeOf, type RegionRouter } from '../../src/index.ts';
import { eventually, failureOf, type Name, readsLocally, startLab, startRouter } from './lab.ts';

const INSERT = "INSERT INTO note (text) VALUES ('left behind ' || nextval('left'))";

/** A client of a pool, as an app takes it. */
async function withClient(pool: pg.Pool, use: (client: pg.PoolClient) => Promise<unknown>): Promise<void> {
  const client = await pool.connect();
  try {
    await use(client);
  } finally {
    client.release();
  }
}

/** What a user of a leased client can leave behind when it gives the client back without an error. */
const LEAVES: readonly (readonly [string, (client: pg.PoolClient) => Promise<unknown>])[] = [
  [
    'an open transaction',
    async (client) => {
      await client.query('BEGIN');
      await client.query(INSERT);
    },
  ],
  [
    'a failed transaction',
    async (client) => {
      await client.query('BEGIN');
      await client.query(INSERT);
      await client.query('SELECT 1 / 0').catch(() => {});
    },
  ],
  [
    'a transaction whose statement has just failed',
    async (client) => {
      await client.query('BEGIN');
      await client.query(INSERT);
      // The error is told before the server is ready again.
      await new Promise((resolve) => client.query('SELECT 1 / 0', resolve));
    },
  ],
  [
    'a transaction whose statement is under way',
    async (client) => {
      await client.query('BEGIN');
      void client.query(INSERT).catch(() => {});
    },
  ],
  [
    'a transaction whose last statements were never awaited',
    async (client) => {
      void client.query('BEGIN').catch(() => {});
      void client.query(INSERT).catch(() => {});
    },
  ],
  [
    'a transaction whose statement timed out in this process',
    async (client) => {
      await client.query('BEGIN');
      await client.query(INSERT);
      await client.query({ text: 'SELECT pg_sleep(30)', query_timeout: 20 } as pg.QueryConfig).catch(() => {});
      await client.query({ text: 'ROLLBACK', query_timeout: 20 } as pg.QueryConfig).catch(() => {});
    },
  ],
  [
    'a transaction with an open cursor',
    async (client) => {
      await client.query('BEGIN');
      await client.query(INSERT);
      await client.query(new Cursor('SELECT generate_series(1, 100)')).read(1);
    },
  ],
  [
    'a COPY that nobody ends',
    async (client) => {
      const copy = client.query(copyFrom('COPY note (text) FROM STDIN'));
      copy.on('error', () => {});
      await new Promise((resolve) => copy.write('left behind by COPY\n', resolve));
    },
  ],
  ['an open cursor', (client) => client.query(new Cursor('SELECT generate_series(1, 100)')).read(1)],
  ['a session that is read-only', (client) => client.query('SET default_transaction_read_only = on')],
  [
    'a session whose transactions are read-only',
    (client) => client.query('SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY'),
  ],
  [
    'a session that is read-only, in the words of a function',
    (client) => client.query("SELECT set_config('default_transaction_read_only', 'on', false)"),
  ],
];

/** What the next user does: each writes one row, and must be able to. */
const USES: readonly (readonly [string, (router: RegionRouter<Name>, text: string) => Promise<unknown>])[] = [
  ['write()', (router, text) => router.write('INSERT INTO note (text) VALUES ($1)', [text])],
  [
    'write() in a scope',
    (router, text) => router.run({}, () => router.write('INSERT INTO note (text) VALUES ($1)', [text])),
  ],
  ['read()', (router, text) => router.read('INSERT INTO note (text) VALUES ($1)', [text])],
  [
    'transaction()',
    (router, text) => router.transaction((tx) => tx.query('INSERT INTO note (text) VALUES ($1)', [text])),
  ],
  ['batch()', (router, text) => router.batch([{ text: 'INSERT INTO note (text) VALUES ($1)', values: [text] }])],
  ['pool.query()', (router, text) => router.pool.query('INSERT INTO note (text) VALUES ($1)', [text])],
  [
    'a transaction of an ORM',
    (router, text) =>
      withClient(router.pool, async (client) => {
        await client.query('BEGIN');
        await client.query('INSERT INTO note (text) VALUES ($1)', [text]);
        await client.query('COMMIT');
      }),
  ],
];

describe('a connection between two users, on a real server', () => {
  let lab: Lab<Name>;
  const crashes: unknown[] = [];
  const onCrash = (error: unknown) => void crashes.push(error);
  let uses = 0;

  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    await lab.primary.query('CREATE SEQUENCE left_seq; ALTER SEQUENCE left_seq RENAME TO "left"');
    await lab.primary.query('GRANT USAGE ON SEQUENCE "left" TO PUBLIC');
    await lab.caughtUp();
    process.on('uncaughtException', onCrash);
    process.on('unhandledRejection', onCrash);
  });
  afterEach(() => expect(crashes.splice(0)).toEqual([]));
  afterAll(async () => {
    process.off('uncaughtException', onCrash);
    process.off('unhandledRejection', onCrash);
    await lab.close();
  });

  const inUs = async () => {
    const router = await startRouter(lab, 'us', {
      max: 1,
      probe: { intervalMs: 1_000, alertIntervalMs: 50, timeoutMs: 300 },
    });
    await eventually(() => router.explain('write').action === 'run');
    return router;
  };
  const stored = async (like: string): Promise<number> =>
    (await lab.region('us').query('SELECT count(*)::int AS n FROM note WHERE text LIKE $1', [like]))[0].n;
  const worksFor = async (
    router: RegionRouter<Name>,
    use: (router: RegionRouter<Name>, text: string) => Promise<unknown>,
  ) => {
    uses += 1;
    await use(router, `use ${uses}.`);
    expect(await stored(`use ${uses}.`)).toBe(1);
    expect(await stored('left behind %')).toBe(0);
  };

  it('a listener of the pool that throws as a statement gives its connection back hides no answer', async () => {
    const router = await startRouter(lab, 'us', { max: 8, coldStart: 'trust' });
    await eventually(() => router.explain('write').action === 'run');
    const asks: readonly (() => Promise<unknown>)[] = [
      () => router.write(INSERT),
      () => router.run({}, () => router.write(INSERT)),
      () => router.run({}, () => router.write('SELECT 1')),
      () => router.read('SELECT 1'),
    ];
    const pool = router.wrapped.us as pg.Pool;
    const failNext = (): void => {
      // node-postgres does not count such a connection as given back.
      pool.once('release', (_error, client) => {
        (pool as unknown as { _remove(client: pg.PoolClient): void })._remove(client);
        throw new Error('of the app');
      });
    };
    for (const [index, ask] of asks.entries()) {
      failNext();
      expect(await ask()).toMatchObject({ rowCount: 1 });
      await eventually(() => crashes.length === index + 1);
    }
    for (const ask of [() => router.write('SELEC'), () => router.run({}, () => router.read('SELEC'))]) {
      failNext();
      expect(await failureOf(ask())).toMatchObject({ code: '42601' });
    }
    await eventually(() => crashes.length === asks.length + 2);
    expect(crashes.splice(0)).toMatchObject(Array.from({ length: asks.length + 2 }, () => ({ message: 'of the app' })));
    await lab.primary.query("DELETE FROM note WHERE text LIKE 'left behind %'");
  });

  describe.each(LEAVES)('given back with %s', (_what, leave) => {
    it('is left like that by a plain pool', async () => {
      const pool = lab.region('us').pool({ max: 1 });
      await withClient(pool, leave);
      const next = await pool.connect();
      const busy = (next as unknown as { readyForQuery: boolean }).readyForQuery !== true;
      const isDirty =
        busy ||
        next.getTransactionStatus() !== 'I' ||
        (await next.query('SHOW default_transaction_read_only')).rows[0].default_transaction_read_only === 'on';
      expect(isDirty).toBe(true);
      next.release(true);
    });

    it.each(USES)('is not what %s runs on', async (_name, use) => {
      const router = await inUs();
      await withClient(router.primary, leave);
      await worksFor(router, use);
      expect(router.stats().discarded).toBe(1);
    });

    it('is not what the router takes from a pool that the app uses as well', async () => {
      const router = await inUs();
      await router.write('SELECT 1');
      await withClient(router.wrapped.us as pg.Pool, leave);
      for (const [, use] of USES) await worksFor(router, use);
      expect(router.stats().discarded).toBe(1);
    });

    it('is not taken a second time from a pool that the app has used before', async () => {
      const router = await inUs();
      await withClient(router.wrapped.us as pg.Pool, leave);
      for (const [, use] of USES) await worksFor(router, use);
      expect(router.stats().discarded).toBe(1);
    });
  });

  describe('a single statement that leaves a transaction open', () => {
    const FAILS = "BEGIN; INSERT INTO note (text) VALUES ('left behind ' || 1 / 0); COMMIT";
    const ways: readonly (readonly [string, (router: RegionRouter<Name>, text: string) => Promise<unknown>])[] = [
      ['write()', (router, text) => router.write(text)],
      ['write() in a scope', (router, text) => router.run({}, () => router.write(text))],
      ['read()', (router, text) => router.read(text)],
      ['pool.query()', (router, text) => router.pool.query(text)],
      [
        'pool.query() with a callback',
        (router, text) =>
          new Promise((resolve, reject) =>
            router.primary.query(text, (error: unknown, result: unknown) => (error ? reject(error) : resolve(result))),
          ),
      ],
      ['a pg.Query', (router, text) => router.pool.query(new pg.Query(text) as never)],
      [
        'a pg.Query in a scope',
        (router, text) => router.run({}, () => router.primary.query(new pg.Query(text) as never)),
      ],
    ];

    it.each(ways)('by its failure spoils nothing for who comes next: %s', async (_name, run) => {
      const router = await inUs();
      const failure = await failureOf(run(router, FAILS));
      expect(failure.code).toBe('22012');
      expect(outcomeOf(failure)).toBe('rolled-back');
      for (const [, use] of USES) await worksFor(router, use);
      expect(router.told('leak')).toEqual([{ node: 'us/0', why: 'in-transaction' }]);
      expect(router.stats().discarded).toBe(1);
    });

    it.each(ways)('is an error, and is rolled back: %s', async (_name, run) => {
      const router = await inUs();
      const failure = await failureOf(run(router, `BEGIN; ${INSERT}`));
      expect(failure).toMatchObject({ code: 'ERR_TRANSACTION_LEFT_OPEN', outcome: 'rolled-back', status: 500 });
      expect(outcomeOf(failure)).toBe('rolled-back');
      for (const [, use] of USES) await worksFor(router, use);
      expect(router.told('leak')).toEqual([{ node: 'us/0', why: 'in-transaction' }]);
    });

    it.each(ways)('is of unknown outcome if a part of it was committed: %s', async (name, run) => {
      const router = await inUs();
      const failure = await failureOf(run(router, `INSERT INTO note (text) VALUES ('a part ${name}'); COMMIT; BEGIN`));
      expect(failure).toMatchObject({ code: 'ERR_TRANSACTION_LEFT_OPEN', outcome: 'unknown' });
      expect(await stored(`a part ${name}`)).toBe(1);
    });

    const forms: readonly (readonly [string, (pool: pg.Pool) => Promise<unknown>])[] = [
      ['a text', (pool) => pool.query('BEGIN')],
      ['a config', (pool) => pool.query({ text: 'BEGIN', values: [] })],
      ['a named config', (pool) => pool.query({ name: 'begin', text: 'BEGIN' })],
      ['a pg.Query', (pool) => pool.query(new pg.Query('BEGIN') as never)],
      ['a named pg.Query', (pool) => pool.query(new pg.Query({ name: 'begin', text: 'BEGIN' }) as never)],
      [
        'a pg.Query with a callback of its own',
        async (pool) => {
          const query = new Promise((resolve, reject) => {
            const done = (error: unknown, result: unknown) => (error ? reject(error) : resolve(result));
            pool.query(new pg.Query('BEGIN', undefined as never, done as never) as never, () => {});
          });
          await query;
        },
      ],
      [
        'a cursor',
        async (pool) => {
          const cursor = new Cursor('BEGIN');
          await Promise.all([pool.query(cursor as never), cursor.read(1)]);
        },
      ],
      [
        'a stream',
        async (pool) => {
          const stream = new QueryStream('BEGIN');
          const rows = async () => {
            for await (const _ of stream);
          };
          await Promise.all([pool.query(stream as never), rows()]);
        },
      ],
    ];
    const scopes = [undefined, { access: 'write' }, { access: 'read' }] as const;

    it.each(forms)('is an error in each form, on each pool, in a scope and without: %s', async (_name, ask) => {
      const router = await inUs();
      let asked = 0;
      for (const scope of scopes) {
        for (const pool of [router.pool, router.primary, router.replica]) {
          const failure = await failureOf(scope === undefined ? ask(pool) : router.run(scope, () => ask(pool)));
          expect(failure).toMatchObject({ code: 'ERR_TRANSACTION_LEFT_OPEN', outcome: 'rolled-back' });
          for (const [, use] of USES) await worksFor(router, use);
          asked += 1;
          expect(router.stats()).toMatchObject({ leased: 0, discarded: asked });
        }
      }
    });

    it('spoils no read on a replica', async () => {
      const router = await startRouter(lab, 'eu', { max: 1 });
      await readsLocally(router);
      expect((await failureOf(router.read('BEGIN; SELECT 1 / 0; COMMIT'))).code).toBe('22012');
      expect((await failureOf(router.read('BEGIN; SELECT 1'))).code).toBe('ERR_TRANSACTION_LEFT_OPEN');
      const { rows } = await router.read('SELECT pg_is_in_recovery() AS r, now() = statement_timestamp() AS fresh');
      expect(rows).toEqual([{ r: true, fresh: true }]);
      expect(router.stats().discarded).toBe(2);
    });
  });

  it('stays when its user failed, and rolled back, or has set what changes no write', async () => {
    const router = await inUs();
    const pid = async () => (await router.write('SELECT pg_backend_pid() AS pid')).rows[0]?.['pid'];
    const before = await pid();
    await withClient(router.primary, async (client) => {
      await client.query('BEGIN READ ONLY');
      await client.query('SELECT 1');
      await client.query('COMMIT');
      await client.query('BEGIN');
      await client.query('SELECT 1 / 0').catch(() => {});
      await client.query('ROLLBACK');
      await client.query("SET search_path = 'public'");
      await client.query('SET default_transaction_read_only = on');
      await client.query('RESET default_transaction_read_only');
      await new Promise((resolve) => client.query('SELEC', resolve));
    });
    expect(await pid()).toBe(before);
    // Who forgot to wait for a statement keeps it, as with a plain pool.
    await withClient(router.primary, async (client) => {
      void client.query("INSERT INTO note (text) SELECT 'not awaited' FROM pg_sleep(0.05)");
    });
    expect(await pid()).toBe(before);
    expect(await stored('not awaited')).toBe(1);
    expect(router.stats().discarded).toBe(0);
  });

  it('is given back once, also while what is under way on it is waited for', async () => {
    const router = await inUs();
    const client = await router.primary.connect();
    void client.query('SELECT pg_sleep(0.05)').catch(() => {});
    client.release();
    expect(() => client.release()).toThrow(/already been released/);
    expect(router.stats().leased).toBe(0);
    await worksFor(router, (on, text) => on.write('INSERT INTO note (text) VALUES ($1)', [text]));
    expect(router.primary.totalCount).toBe(1);
    // A pool that ends waits for it, as for any client.
    const last = await router.primary.connect();
    void last.query('SELECT pg_sleep(0.05)').catch(() => {});
    last.release();
    await router.close({ pools: true });
    expect(router.wrapped.us?.ended).toBe(true);
  });

  it('that died busy leaves its place at once when it is given back', async () => {
    const router = await startRouter(lab, 'us', {
      max: 1,
      probe: { intervalMs: 1_000, alertIntervalMs: 50, timeoutMs: 600_000 },
    });
    await eventually(() => router.explain('write').action === 'run');
    for (const told of [true, false]) {
      const client = await router.primary.connect();
      client.on('error', () => {});
      const asked = failureOf(client.query('SELECT pg_sleep(30)'));
      client.connection.stream.destroy(Object.assign(new Error('of the network'), { code: 'ECONNRESET' }));
      if (told) await asked;
      client.release();
      expect((await router.write('SELECT 1')).rowCount).toBe(1);
      await asked;
    }
  });

  it('that died is taken back from who keeps it, and still says what became of it', async () => {
    const router = await inUs();
    const client = await router.primary.connect();
    client.on('error', () => {});
    await client.query('BEGIN');
    await client.query(INSERT);
    client.connection.stream.destroy(Object.assign(new Error('of the network'), { code: 'ECONNRESET' }));
    await eventually(() => router.stats().leased === 0);
    expect(await failureOf(client.query('ROLLBACK'))).toMatchObject({ code: 'ERR_ROLLED_BACK' });
    client.release();
  });

  it.each([true, false])(
    'that never comes free leaves no call waiting in a pool that ends: ended by the router, %s',
    async (own) => {
      const router = await startRouter(lab, 'us', { reach: ['us'], writes: 'reject', max: 1, coldStart: 'trust' });
      await eventually(() => router.explain('write').action === 'run');
      const pool = router.wrapped.us as pg.Pool;
      const held = await router.primary.connect();
      const calls = [
        router.write('SELECT 1'),
        router.read('SELECT 1'),
        router.transaction(async () => {}),
        router.batch([{ text: 'SELECT 1' }]),
        router.primary.connect(),
      ].map(failureOf);
      await eventually(() => pool.waitingCount === calls.length);
      const ended = own ? router.close({ pools: true }) : pool.end();
      for (const failure of await Promise.all(calls)) {
        expect(outcomeOf(failure)).toBe('not-sent');
        if (own) expect(failure.code).toBe('ERR_ROUTER_CLOSED');
      }
      held.release();
      await ended;
    },
  );

  it('that is idle serves what was asked for before the router is closed with its pools', async () => {
    const router = await inUs();
    await router.write('SELECT 1');
    const writing = router.write('SELECT 2 AS two');
    await router.close({ pools: true });
    expect((await writing).rows).toEqual([{ two: 2 }]);
  });

  it('that was read-only from the start is what its pool makes it', async () => {
    const router = await startRouter(lab, 'eu', { max: 1 });
    router.wrapped.eu?.on('connect', (client) => void client.query('SET default_transaction_read_only = on'));
    await readsLocally(router);
    const pid = async () => (await router.read('SELECT pg_backend_pid() AS pid')).rows[0]?.['pid'];
    const before = await pid();
    expect(await pid()).toBe(before);
    expect(router.stats().discarded).toBe(0);
  });
});
