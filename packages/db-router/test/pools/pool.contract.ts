import { once } from 'node:events';
import pg, { type Pool, type PoolClient, type PoolConfig, type QueryArrayConfig, type QueryResult } from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

/** A pool under test, over servers that are up. */
export interface PoolSubject {
  readonly name: string;
  /** Whether its clients reach a primary. */
  readonly writes: boolean;
  /** Whether a read whose connection is lost is run again on another node. */
  readonly rerunsReads: boolean;
  /** A pool over fresh connections with these options. */
  open(options: PoolConfig): Promise<Pool>;
  /** Where a test runs: in a scope, or not. */
  within<T>(fn: () => Promise<T>): Promise<T>;
  /** Ends the server side of a session, as an operator does. */
  terminate(pid: number): Promise<void>;
}

type Done<T = unknown> = (error: unknown, value?: T) => void;

/**
 * What an app and a library may expect of a `pg.Pool`: from the documentation of node-postgres, and from what its pool does
 * where the documentation is silent. The pool of node-postgres passes it; so does every pool of a router.
 */
export function poolContract(subject: PoolSubject): void {
  const test = (
    name: string,
    options: PoolConfig,
    body: (pool: Pool) => Promise<void>,
    register: (name: string, body: () => Promise<void>) => void = it,
  ): void =>
    register(name, async () => {
      const pool = await subject.open({ max: 3, ...options });
      onTestFinished(() => (pool.ending ? undefined : pool.end()));
      await subject.within(() => body(pool));
    });

  describe(subject.name, () => {
    describe('query()', () => {
      test('resolves with the rows of a text, of a text with values, and of a config', {}, async (pool) => {
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
        expect((await pool.query('SELECT $1::int AS two', [2])).rows).toEqual([{ two: 2 }]);
        const config = { name: 'three', text: 'SELECT $1::int AS three', values: [3], rowMode: 'array' };
        for (let at = 0; at < 3; at += 1) expect((await pool.query(config as QueryArrayConfig)).rows).toEqual([[3]]);
        expect(config).toEqual({ name: 'three', text: 'SELECT $1::int AS three', values: [3], rowMode: 'array' });
      });

      test('resolves with a list for several statements in one text', {}, async (pool) => {
        const results = (await pool.query('SELECT 1 AS one; SELECT 2 AS two')) as unknown as QueryResult[];
        expect(results.map(({ rows }) => rows)).toEqual([[{ one: 1 }], [{ two: 2 }]]);
      });

      test('calls back, later, where it is given a callback, and returns nothing then', {}, async (pool) => {
        await pool.query('SELECT 1');
        const forms: ((done: Done) => unknown)[] = [
          (done) => pool.query('SELECT 1 AS n', done as never),
          (done) => pool.query('SELECT $1::int AS n', [1], done as never),
          (done) => pool.query({ text: 'SELECT 1 AS n' }, done as never),
        ];
        for (const form of forms) {
          let isLater = false;
          const result = await called<QueryResult>((done) => {
            expect(
              form((error, value) => done(isLater ? error : new Error('too soon'), value as QueryResult)),
            ).toBeUndefined();
            isLater = true;
          });
          expect(result.rows).toEqual([{ n: 1 }]);
        }
        await expect(called((done) => pool.query('SELEC', done as never))).rejects.toMatchObject({ code: '42601' });
      });

      test('rejects with what the server says, and goes on as before', { max: 1 }, async (pool) => {
        for (let at = 0; at < 20; at += 1) {
          await expect(pool.query('SELECT 1 / 0')).rejects.toMatchObject({ code: '22012', severity: 'ERROR' });
        }
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
        expect(pool.totalCount).toBeLessThanOrEqual(1);
      });

      test('leads an error back to the line that asked', {}, async (pool) => {
        const theLineThatAsked = async () => await pool.query('SELEC');
        const failure = await theLineThatAsked().catch((error: unknown) => error);
        expect(
          String((failure as Error).stack)
            .split('\n')
            .slice(1)
            .join('\n'),
        ).toContain('pool.contract');
      });

      test('refuses a function and a missing statement with an error', {}, async (pool) => {
        await expect(called((done) => pool.query(done as never))).rejects.toThrow(
          'Passing a function as the first parameter to pool.query is not supported',
        );
        await expect(async () => await pool.query(null as never)).rejects.toThrow(TypeError);
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      });

      test('runs a pg.Query, and a stream until its end', {}, async (pool) => {
        const query = new pg.Query<{ one: number }>('SELECT 1 AS one');
        const result = await pool.query(query as never);
        expect((result as unknown as QueryResult).rows).toEqual([{ one: 1 }]);
        const stream = new QueryStream('SELECT n FROM generate_series(1, 250) n');
        const ended = pool.query(stream as never);
        let rows = 0;
        for await (const _ of stream) rows += 1;
        await ended;
        expect(rows).toBe(250);
        expect(pool.idleCount).toBe(pool.totalCount);
      });

      test('goes on while a test of the app fakes its timers, and afterwards', {}, async (pool) => {
        const one = async () => expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
        vi.useFakeTimers();
        try {
          await one();
          vi.advanceTimersByTime(60 * 86_400_000);
          await one();
          const client = await pool.connect();
          await client.query('SELECT 1');
          client.release();
        } finally {
          vi.useRealTimers();
        }
        for (let at = 0; at < 3; at += 1) await one();
      });

      test('calls back for a pg.Query, once', {}, async (pool) => {
        const result = await called<QueryResult>((done) =>
          pool.query(new pg.Query('SELECT 1 AS one') as never, done as never),
        );
        expect(result.rows).toEqual([{ one: 1 }]);
        const failing = new pg.Query('SELEC');
        let calls = 0;
        const failure = called((done) =>
          pool.query(
            failing as never,
            ((error: unknown) => {
              calls += 1;
              done(error);
            }) as never,
          ),
        );
        await expect(failure).rejects.toMatchObject({ code: '42601' });
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
        expect(calls).toBe(1);
      });

      test('does not hang when its connection is ended under it', { max: 1 }, async (pool) => {
        const client = await pool.connect();
        const { processID } = client as unknown as { processID: number };
        client.release();
        const sleep = 'SELECT CASE pg_backend_pid() WHEN $1 THEN pg_sleep(600) END';
        const asked = pool.query(sleep, [processID]);
        const answered = subject.rerunsReads
          ? expect(asked).resolves.toMatchObject({ rowCount: 1 })
          : expect(asked).rejects.toThrow();
        await subject.terminate(processID);
        await answered;
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      });
    });

    describe('connect()', () => {
      test('resolves with a client, or calls back with it and its release', {}, async (pool) => {
        const client = await pool.connect();
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
        client.release();
        await new Promise<void>((resolve, reject) => {
          const returned = pool.connect((error, given, release) => {
            if (error !== undefined || given === undefined) return reject(error);
            expect(release).toBe(given.release);
            release();
            resolve();
          });
          expect(returned).toBeUndefined();
        });
      });

      test('gives the same client again, with what was put on it', { max: 1 }, async (pool) => {
        const first = (await pool.connect()) as PoolClient & { mine?: string };
        first.mine = 'kept';
        first.release();
        const again = (await pool.connect()) as PoolClient & { mine?: string };
        expect(again).toBe(first);
        expect(again.mine).toBe('kept');
        again.release();
      });

      test('gives at most `max` clients, and the next to those who wait, in their order', { max: 1 }, async (pool) => {
        const first = await pool.connect();
        const order: number[] = [];
        const waiting = [1, 2, 3].map(async (place) => {
          const client = await pool.connect();
          order.push(place);
          client.release();
        });
        expect(pool).toMatchObject({ totalCount: 1, idleCount: 0, waitingCount: 3 });
        first.release();
        await Promise.all(waiting);
        expect(order).toEqual([1, 2, 3]);
        expect(pool).toMatchObject({ totalCount: 1, idleCount: 1, waitingCount: 0 });
      });

      test('takes a client back once', {}, async (pool) => {
        const client = await pool.connect();
        client.release();
        for (let at = 0; at < 2; at += 1) {
          expect(() => client.release()).toThrow('Release called on client which has already been released');
        }
      });

      test('closes a client that is given back with an error', {}, async (pool) => {
        const reasons = [true, new Error('broken')];
        for (const reason of reasons) {
          const client = await pool.connect();
          const removed = once(pool, 'remove');
          client.release(reason);
          expect((await removed)[0]).toBe(client);
          expect(pool.totalCount).toBe(0);
        }
      });

      test('keeps a client that was lost counted until it is given back, and gives it to none', {}, async (pool) => {
        for (const lose of ['connection', 'client'] as const) {
          const client = await pool.connect();
          if (lose === 'client') void client.end();
          else {
            const error = once(client, 'error');
            client.connection.stream.destroy();
            await error;
          }
          expect(pool.totalCount).toBe(1);
          client.release();
          expect(pool.totalCount).toBe(0);
          const next = await pool.connect();
          expect(next).not.toBe(client);
          next.release(true);
          await until(() => pool.totalCount === 0);
        }
      });

      test('gives up after `connectionTimeoutMillis` while all are out, and serves those behind', {
        max: 1,
        connectionTimeoutMillis: 150,
      }, async (pool) => {
        const client = await pool.connect();
        const full = 'timeout exceeded when trying to connect';
        await expect(pool.connect()).rejects.toThrow(full);
        await expect(pool.query('SELECT 1')).rejects.toThrow(full);
        await expect(called((done) => pool.connect((error) => done(error)))).rejects.toThrow(full);
        expect(pool.waitingCount).toBe(0);
        client.release();
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      });
    });

    describe('options', () => {
      test(
        '`Client` may be a class that knows only callbacks',
        { Client: CallbackClient } as PoolConfig,
        async (pool) => {
          const client = await pool.connect();
          expect(client).toBeInstanceOf(CallbackClient);
          expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
          client.release();
        },
      );

      let calls = 0;
      test(
        '`onConnect` is awaited, once a client',
        {
          max: 1,
          onConnect: async (client: unknown) => {
            calls += 1;
            await (client as PoolClient).query("SET application_name = 'prepared'");
          },
        } as PoolConfig,
        async (pool) => {
          calls = 0;
          for (let at = 0; at < 3; at += 1) {
            expect((await pool.query('SHOW application_name')).rows).toEqual([{ application_name: 'prepared' }]);
          }
          expect(calls).toBe(1);
        },
      );

      let tries = 0;
      test(
        '`onConnect` that throws is the answer, at once, and the next try is free',
        {
          onConnect: async (client: unknown) => {
            tries += 1;
            if (tries === 1) throw new Error('not today');
            if (tries === 2) await (client as PoolClient).query('SELEC');
          },
        } as PoolConfig,
        async (pool) => {
          tries = 0;
          await expect(pool.connect()).rejects.toThrow('not today');
          await expect(pool.query('SELECT 1')).rejects.toMatchObject({ code: '42601' });
          expect(tries).toBe(2);
          expect(pool.totalCount).toBe(0);
          expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
        },
      );

      let checks = 0;
      test(
        '`verify` that refuses is the answer, at once',
        {
          verify: (_client: unknown, done: (error?: Error) => void) => {
            checks += 1;
            done(checks === 1 ? new Error('nope') : undefined);
          },
        } as PoolConfig,
        async (pool) => {
          checks = 0;
          await expect(pool.connect()).rejects.toThrow('nope');
          expect(checks).toBe(1);
          expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
        },
      );

      test('`idleTimeoutMillis` closes what is idle, down to `min`', {
        idleTimeoutMillis: 30,
        min: 1,
      }, async (pool) => {
        const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
        expect(pool.totalCount).toBe(3);
        for (const client of clients) client.release();
        await until(() => pool.totalCount === 1);
      });

      test('`maxUses` replaces a client', { max: 1, maxUses: 3 }, async (pool) => {
        const pids = new Set<unknown>();
        for (let at = 0; at < 12; at += 1) {
          pids.add((await pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid);
        }
        expect(pids.size).toBeGreaterThanOrEqual(4);
      });

      test('`maxLifetimeSeconds` replaces a client', { max: 1, maxLifetimeSeconds: 1 }, async (pool) => {
        const pid = async () => (await pool.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
        const before = await pid();
        await until(async () => (await pid()) !== before);
      });

      test('say where its clients lead, for those who connect by themselves, and hide the password', {
        max: 7,
        application_name: 'as given',
      }, async (pool) => {
        const client = await pool.connect();
        const address = 'SELECT inet_server_addr() AS host, inet_server_port() AS port';
        const { rows } = await client.query(address);
        const { Client, options } = pool as Pool & { readonly Client: typeof pg.Client };
        expect(options).toMatchObject({ max: 7, application_name: 'as given' });
        const beside = new Client(options);
        expect([beside.host, beside.port]).toEqual([client.host, client.port]);
        await beside.connect();
        expect((await beside.query(address)).rows).toEqual(rows);
        await beside.end();
        client.release();
        expect(Object.keys(options)).not.toContain('password');
      });
    });

    describe('events', () => {
      test('tell of each use of a client that many ask for', { max: 2 }, async (pool) => {
        let acquired = 0;
        let released = 0;
        pool.on('acquire', () => {
          acquired += 1;
        });
        pool.on('release', () => {
          released += 1;
        });
        const asked = Array.from({ length: 10 }, async () => {
          const queried = pool.query('SELECT 1');
          (await pool.connect()).release();
          await queried;
        });
        await Promise.all(asked);
        await until(() => released === 20);
        expect(acquired).toBe(20);
      });

      test('tell of each connection, and of each use of one', { max: 2 }, async (pool) => {
        const told: string[] = [];
        const clients = new Set<unknown>();
        for (const event of ['connect', 'acquire', 'remove'] as const) {
          pool.on(event, (client) => {
            told.push(event);
            clients.add(client);
          });
        }
        pool.on('release', (error, client) => {
          told.push(error ? 'release of a broken one' : 'release');
          clients.add(client);
        });
        const client = await pool.connect();
        expect(told.splice(0)).toEqual(['connect', 'acquire']);
        client.release();
        expect(told.splice(0)).toEqual(['release']);
        await pool.query('SELECT 1');
        expect(told.splice(0)).toEqual(['acquire', 'release']);
        const again = await pool.connect();
        const removed = once(pool, 'remove');
        again.release(new Error('broken'));
        await removed;
        expect(told.splice(0)).toEqual(['acquire', 'release of a broken one', 'remove']);
        expect(clients).toEqual(new Set([client]));
      });

      test('reach a listener that is first, one for once, and one after all were removed', {}, async (pool) => {
        const told: string[] = [];
        pool.on('acquire', () => told.push('removed'));
        pool.removeAllListeners();
        pool.once('acquire', () => told.push('once'));
        pool.prependListener('acquire', () => told.push('first'));
        pool.addListener('release', () => told.push('release'));
        await pool.query('SELECT 1');
        await pool.query('SELECT 1');
        expect(told).toEqual(['first', 'once', 'release', 'first', 'release']);
      });

      test('count ten connects and ten queries', {}, async (pool) => {
        const count = { acquire: 0, release: 0 };
        for (const event of ['acquire', 'release'] as const) {
          pool.on(event, () => {
            count[event] += 1;
          });
        }
        await Promise.all(
          Array.from({ length: 10 }, async () => {
            (await pool.connect()).release();
            await pool.query('SELECT 1');
          }),
        );
        expect(count).toEqual({ acquire: 20, release: 20 });
      });

      test('tell of the loss of an idle client, and close it', {}, async (pool) => {
        const client = await pool.connect();
        client.release();
        const told = once(pool, 'error');
        const { processID } = client as unknown as { processID: number };
        await subject.terminate(processID);
        const [error, lost] = await told;
        expect(error).toBeInstanceOf(Error);
        expect((error as { client?: unknown }).client).toBe(client);
        expect(lost).toBe(client);
        expect(pool.totalCount).toBe(0);
      });

      test('leave the loss of a client that is out to who has it', {}, async (pool) => {
        let told = 0;
        pool.on('error', () => {
          told += 1;
        });
        const client = await pool.connect();
        const error = once(client, 'error');
        client.connection.stream.destroy();
        await error;
        client.release();
        expect(told).toBe(0);
      });
    });

    describe('a client', () => {
      test('runs what it is asked in its order, with callbacks and without', { max: 1 }, async (pool) => {
        const client = await pool.connect();
        const order: number[] = [];
        const ask = async (place: number) => {
          await client.query('SELECT pg_sleep(0.01)');
          order.push(place);
        };
        await ask(1);
        await called((done) => {
          expect(client.query('SELECT $1::int AS n', [1], done as never)).toBeUndefined();
        });
        await called((done) => {
          expect(client.query({ text: 'SELECT 1', callback: done } as never)).toBeUndefined();
        });
        await ask(2);
        expect(order).toEqual([1, 2]);
        await expect(client.query('SELEC')).rejects.toMatchObject({ code: '42601' });
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
        expect(() => client.query(null as never)).toThrow(TypeError);
        client.release();
      });

      test('says when it has nothing more to do, once', { max: 1 }, async (pool) => {
        const client = await pool.connect();
        let drains = 0;
        const onDrain = () => {
          drains += 1;
        };
        client.on('drain', onDrain);
        await client.query('SELECT 1');
        await until(() => drains === 1);
        await client.query('SELECT 2').catch(() => {});
        await until(() => drains === 2);
        await client.query('SELECT 3');
        expect(drains).toBe(3);
        client.off('drain', onDrain);
        client.release();
      });

      test('says how it stands with its transaction', {}, async (pool) => {
        const client = await pool.connect();
        const status = () => client.getTransactionStatus();
        const seen = [];
        for (const text of ['SELECT 1', 'BEGIN', 'SELECT 1 / 0', 'ROLLBACK']) {
          await client.query(text).catch(() => {});
          // The error is told before the server says how it stands.
          await until(() => (client as unknown as { readyForQuery: boolean }).readyForQuery);
          seen.push(status());
        }
        expect(seen).toEqual(['I', 'T', 'E', 'I']);
        client.release();
      });

      test('reads a cursor to its end, and one that is closed before', { max: 1 }, async (pool) => {
        const client = await pool.connect();
        const all = client.query(new Cursor<{ n: number }>('SELECT n FROM generate_series(1, 5) n'));
        expect(await all.read(3)).toHaveLength(3);
        expect(await all.read(3)).toHaveLength(2);
        expect(await all.read(3)).toHaveLength(0);
        const some = client.query(new Cursor<{ n: number }>('SELECT n FROM generate_series(1, 5) n'));
        expect(await some.read(3)).toHaveLength(3);
        await some.close();
        const wrong = client.query(new Cursor('SELECT 1 / (n - 2) FROM generate_series(1, 5) n'));
        await expect(wrong.read(3)).rejects.toMatchObject({ code: '22012' });
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
        client.release();
        expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      });

      test('streams, and stops when its stream is destroyed', { max: 1 }, async (pool) => {
        const client = await pool.connect();
        let rows = 0;
        for await (const _ of client.query(new QueryStream('SELECT n FROM generate_series(1, 300) n'))) rows += 1;
        for await (const _ of client.query(new QueryStream('SELECT n FROM generate_series(1, 300) n'))) {
          rows += 1;
          break;
        }
        expect(rows).toBe(301);
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
        client.release();
      });
    });

    describe('end()', () => {
      test('resolves, and refuses what comes after', {}, async (pool) => {
        expect(pool).toMatchObject({ ending: false, ended: false });
        await pool.query('SELECT 1');
        await pool.end();
        expect(pool).toMatchObject({ ending: true, ended: true });
        const used = 'Cannot use a pool after calling end on the pool';
        await expect(pool.query('SELECT 1')).rejects.toThrow(used);
        await expect(pool.connect()).rejects.toThrow(used);
        await expect(called((done) => pool.query('SELECT 1', done as never))).rejects.toThrow(used);
        await expect(called((done) => pool.connect((error) => done(error)))).rejects.toThrow(used);
        await expect(pool.end()).rejects.toThrow('Called end on pool more than once');
      });

      test('calls back where it is given a callback', {}, async (pool) => {
        await called((done) => {
          expect(pool.end(() => done(undefined))).toBeUndefined();
        });
        expect(pool.ended).toBe(true);
      });

      test('waits for what is under way', { max: 4 }, async (pool) => {
        let done = 0;
        const asked = Array.from({ length: 4 }, async () => {
          await pool.query('SELECT pg_sleep(0.02)');
          done += 1;
        });
        await pool.end();
        expect(done).toBe(4);
        await Promise.all(asked);
      });

      test('waits for the clients that are out', {}, async (pool) => {
        const client = await pool.connect();
        let isEnded = false;
        const ended = pool.end().then(() => {
          isEnded = true;
        });
        expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
        expect(pool).toMatchObject({ ending: true, ended: false });
        expect(isEnded).toBe(false);
        client.release();
        await ended;
        expect(pool.ended).toBe(true);
      });
    });

    if (subject.writes) writingContract(test);
  });
}

type Register = (name: string, options: PoolConfig, body: (pool: Pool) => Promise<void>) => void;

/** The same of a pool that reaches a primary. */
function writingContract(test: Register): void {
  describe('writing', () => {
    test('a transaction on one client is kept or undone as a whole', {}, async (pool) => {
      const client = await pool.connect();
      await client.query('CREATE TEMP TABLE IF NOT EXISTS kept (n int)');
      for (const end of ['ROLLBACK', 'COMMIT']) {
        await client.query('BEGIN');
        await client.query('INSERT INTO kept VALUES (1)');
        expect((await client.query(end)).command).toBe(end);
      }
      expect((await client.query('SELECT count(*)::int AS n FROM kept')).rows).toEqual([{ n: 1 }]);
      client.release(true);
    });

    test('says what each statement did', {}, async (pool) => {
      const name = `contract_${process.pid}_${Math.random().toString(36).slice(2)}`;
      expect((await pool.query(`CREATE TABLE ${name} (id serial, n int)`)).command).toBe('CREATE');
      expect(await pool.query(`INSERT INTO ${name} (n) VALUES ($1), ($2) RETURNING id`, [7, 8])).toMatchObject({
        command: 'INSERT',
        rowCount: 2,
        rows: [{ id: 1 }, { id: 2 }],
      });
      const batch = (await pool.query(`BEGIN; UPDATE ${name} SET n = 9; COMMIT`)) as unknown as QueryResult[];
      expect(batch.map(({ command }) => command)).toEqual(['BEGIN', 'UPDATE', 'COMMIT']);
      expect((await pool.query(`DELETE FROM ${name}`)).rowCount).toBe(2);
      await pool.query(`DROP TABLE ${name}`);
    });

    test('hears what is notified on its own client', {}, async (pool) => {
      const listener = await pool.connect();
      const heard = once(listener, 'notification');
      await listener.query('LISTEN contract');
      await pool.query("NOTIFY contract, 'here'");
      expect(await heard).toMatchObject([{ channel: 'contract', payload: 'here' }]);
      await listener.query('UNLISTEN contract');
      listener.release();
    });
  });
}

/** As a wrapper of a client may be: without its callback it does nothing. */
class CallbackClient extends pg.Client {
  override connect(done?: unknown): never {
    if (done === undefined) throw new TypeError('a callback is missing');
    super.connect(done as never);
    return undefined as never;
  }
}

function called<T>(run: (done: Done<T>) => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    run((error, value) => {
      if (error === undefined || error === null) resolve(value as T);
      else reject(error);
    });
  });
}

/** Asks until it is so. The test's own time limit ends it otherwise. */
async function until(ask: () => unknown): Promise<void> {
  while (!(await ask())) await new Promise((resolve) => setTimeout(resolve, 10));
}
