import { systemClock } from '@regionkit/core/kit';
import type { Lab } from '@regionkit/lab';
import pg from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPoolNode } from '../../src/connection/node.ts';
import { postgresReadings, RouterClosedError } from '../../src/index.ts';
import { eventually, failureOf, type Name, sleep, startLab, startRouter } from './lab.ts';

describe('the pools a router gives back, on real servers', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    await lab.primary.query("INSERT INTO note (text) SELECT 'row ' || n FROM generate_series(1, 1000) n");
    await lab.caughtUp();
  });
  afterAll(() => lab.close());

  const inEu = async (options?: Parameters<typeof startRouter>[2]) => {
    const router = await startRouter(lab, 'eu', options);
    await eventually(
      () => router.explain('read').reason === 'local-replica' && router.explain('write').action === 'run',
    );
    return router;
  };
  const recovering = async (pool: pg.Pool) => (await pool.query('SELECT pg_is_in_recovery() AS r')).rows[0].r;

  it('are pools by instanceof, by name and by what ORMs read of them, and hide the password', async () => {
    const router = await inEu();
    for (const pool of [router.primary, router.replica, router.pool]) {
      expect(pool).toBeInstanceOf(pg.Pool);
      expect(Object.getPrototypeOf(pool).constructor.name).toContain('Pool');
      expect(pool.options.max).toBe(5);
      expect(pool).toMatchObject({ ending: false, ended: false, waitingCount: 0, expiredCount: 0 });
    }
    const secret = new pg.Pool({ password: 'hush' });
    const { createRegionRouter } = await import('../../src/index.ts');
    const { regionsFrom } = await import('./lab.ts');
    const hiding = createRegionRouter({ regions: regionsFrom('us', ['us']), pools: { us: secret } });
    expect(JSON.stringify(hiding.pool.options)).not.toContain('hush');
    expect(Object.keys(hiding.pool.options)).not.toContain('password');
    expect(hiding.pool.options.password).toBe('hush');
    await hiding.close({ pools: true });
  });

  it('lead to the primary, to the replica, and to either by the scope', async () => {
    const router = await inEu();
    expect(await recovering(router.primary)).toBe(false);
    expect(await recovering(router.replica)).toBe(true);
    expect(await recovering(router.pool)).toBe(false);
    expect(await router.run({ access: 'read' }, () => recovering(router.pool))).toBe(true);
    expect(await router.run({ access: 'write' }, () => recovering(router.pool))).toBe(false);
    const leased = await router.run({ access: 'read' }, () => router.pool.connect());
    expect((await leased.query('SELECT pg_is_in_recovery() AS r')).rows).toEqual([{ r: true }]);
    expect((await failureOf(leased.query("INSERT INTO note (text) VALUES ('stays where it is')"))).code).toBe('25006');
    leased.release();
    await router.run({ access: 'read' }, () =>
      router.pool.query("INSERT INTO note (text) VALUES ('a single statement moves')"),
    );
    expect((await router.write("SELECT FROM note WHERE text = 'a single statement moves'")).rowCount).toBe(1);
  });

  it('take callbacks as well as promises', async () => {
    const router = await inEu();
    const ask = <T>(run: (done: (error: unknown, result: T) => void) => void) =>
      new Promise<T>((resolve, reject) => run((error, result) => (error ? reject(error) : resolve(result))));
    expect((await ask<pg.QueryResult>((done) => router.pool.query('SELECT 1 AS one', done as never))).rows).toEqual([
      { one: 1 },
    ]);
    expect(
      (await ask<pg.QueryResult>((done) => router.pool.query('SELECT $1::int AS two', [2], done as never))).rows,
    ).toEqual([{ two: 2 }]);
    await expect(ask((done) => router.replica.query('SELEC', done as never))).rejects.toMatchObject({ code: '42601' });
    const pid = await new Promise((resolve, reject) =>
      router.pool.connect((error, client, release) => {
        if (error !== undefined || client === undefined) return reject(error);
        void client.query('SELECT pg_backend_pid() AS pid', (failure: unknown, result: pg.QueryResult) => {
          release();
          if (failure) reject(failure);
          else resolve(result.rows[0].pid);
        });
      }),
    );
    expect(pid).toEqual(expect.any(Number));
    expect(
      (await router.pool.query({ text: 'SELECT $1::text AS named', values: ['x'], name: 'n', rowMode: 'array' })).rows,
    ).toEqual([['x']]);
    await expect(router.pool.query(null as never)).rejects.toThrow(TypeError);
  });

  it('count connections, tell events, and leave no listener behind', async () => {
    const router = await inEu({ max: 2 });
    const wrapped = router.wrapped.us as pg.Pool;
    // Each statement would pay for them.
    for (const event of ['acquire', 'release']) expect(wrapped.listenerCount(event)).toBe(0);
    const events: string[] = [];
    for (const event of ['connect', 'acquire', 'release', 'remove'] as const)
      router.primary.on(event, () => events.push(event));
    const leased = await Promise.all([router.primary.connect(), router.primary.connect()]);
    expect(router.primary.totalCount).toBe(2);
    expect(router.primary.idleCount).toBe(0);
    const waiting = router.primary.connect();
    await eventually(() => router.primary.waitingCount === 1);
    leased[0]?.release();
    (await waiting).release();
    leased[1]?.release(true);
    expect(() => leased[1]?.release()).toThrow(/already been released/);
    await eventually(() => router.primary.totalCount === 1);
    expect(events.filter((event) => event === 'acquire')).toHaveLength(3);
    expect(events.filter((event) => event === 'release')).toHaveLength(3);
    await eventually(() => events.includes('remove'));

    const client = await router.primary.connect();
    client.release();
    const before = client.eventNames().map((name) => client.listenerCount(name));
    for (let at = 0; at < 50; at += 1) {
      (await router.primary.connect()).release();
      await router.run({}, () => router.primary.query('SELECT 1'));
    }
    expect(client.eventNames().map((name) => client.listenerCount(name))).toEqual(before);
    expect(Object.hasOwn(client, 'query')).toBe(false);
    await router.close();
    for (const event of ['connect', 'acquire', 'release', 'remove'])
      expect(wrapped.listenerCount(event)).toBeLessThanOrEqual(1);
  });

  it('run a cursor and a stream', async () => {
    const router = await inEu();
    const client = await router.replica.connect();
    const cursor = client.query(new Cursor<{ id: number }>('SELECT id FROM note ORDER BY id'));
    expect(await cursor.read(10)).toHaveLength(10);
    expect(await cursor.read(10)).toHaveLength(10);
    await cursor.close();
    let rows = 0;
    for await (const _ of client.query(new QueryStream('SELECT * FROM note WHERE text LIKE $1', ['row %']))) rows += 1;
    expect(rows).toBe(1_000);
    client.release();
    const token = await router.run({}, async () => {
      const writer = await router.pool.connect();
      const inserted = writer.query(
        new QueryStream("INSERT INTO note (text) SELECT 'streamed ' || n FROM generate_series(1, 5) n RETURNING id"),
      );
      let seen = 0;
      for await (const _ of inserted) seen += 1;
      writer.release();
      expect(seen).toBe(5);
      await eventually(() => router.token() !== undefined);
      return router.token();
    });
    await eventually(() => router.explain('read', token).reason === 'caught-up');
    expect(
      (await router.run({ token }, () => router.read("SELECT FROM note WHERE text LIKE 'streamed %'"))).rowCount,
    ).toBe(5);
    expect((await router.primary.query(new pg.Query('SELECT 1') as never)) as unknown).toBeDefined();
  });

  it('keep the position of what a leased client commits, before the caller hears that it is done', async () => {
    const router = await inEu();
    const tokens = await router.run({}, async () => {
      const client = await router.pool.connect();
      const seen: (string | undefined)[] = [];
      await client.query('BEGIN');
      await client.query("INSERT INTO note (text) VALUES ('leased transaction')");
      seen.push(router.token());
      const committed = await client.query('COMMIT');
      expect(committed.command).toBe('COMMIT');
      seen.push(router.token());
      await client.query('INSERT INTO note (text) VALUES ($1)', ['leased statement']);
      seen.push(router.token());
      await client.query('BEGIN');
      await client.query('SELECT 1 / 0').catch(() => {});
      expect((await failureOf(client.query({ text: 'commit' }))).code).toBe('ERR_ROLLED_BACK');
      client.release();
      return seen;
    });
    expect(tokens[0]).toBeUndefined();
    expect(new Set(tokens).size).toBe(3);
    await eventually(() => router.explain('read', tokens[2]).reason === 'caught-up');
    const { rows } = await router.run({ token: tokens[2] }, () =>
      router.read("SELECT count(*)::int AS n FROM note WHERE text LIKE 'leased %'"),
    );
    expect(rows).toEqual([{ n: 2 }]);
  });

  it('take a client back as node-postgres does: without an error it stays, and twice is a mistake', async () => {
    const router = await inEu({ max: 1 });
    const pid = async () => (await router.primary.query('SELECT pg_backend_pid() AS pid')).rows[0].pid;
    const before = await pid();
    for (const nothing of [null, undefined, false, 0, '']) {
      const client = await router.primary.connect();
      (client.release as (error: unknown) => void)(nothing);
      expect(await pid()).toBe(before);
    }
    await router.run({}, async () => {
      const client = await router.primary.connect();
      const cursor = client.query(new Cursor("INSERT INTO note (text) VALUES ('by cursor') RETURNING id"));
      await cursor.read(10);
      await cursor.close();
      client.release();
      // Its position is still being asked for.
      expect(() => client.release()).toThrow(/already been released/);
      await eventually(() => router.token() !== undefined);
    });
    expect(await pid()).toBe(before);
  });

  it('answer mistakes and losses as a pool of node-postgres does', async () => {
    const router = await inEu({ max: 2 });
    const pool = router.primary;
    const called = <T>(run: (done: (error: unknown, value?: T) => void) => void) =>
      new Promise<unknown>((resolve) => run((error, value) => resolve(error ?? value)));
    const isFunction = 'Passing a function as the first parameter to pool.query is not supported';
    expect(await called((done) => pool.query(done as never))).toMatchObject({ message: isFunction });

    // Twenty failures in a row take nothing from it.
    await Promise.all(Array.from({ length: 20 }, () => expect(pool.query('SELEC')).rejects.toThrow('syntax error')));
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);

    // An idle client that is lost is told with its error, and replaced.
    const told = called<unknown>((done) => pool.once('error', (error, client) => done(null, [error, client])));
    const idle = await pool.connect();
    const { pid } = (await idle.query('SELECT pg_backend_pid() AS pid')).rows[0];
    idle.release();
    await lab.primary.query('SELECT pg_terminate_backend($1)', [pid]);
    expect(await told).toEqual([expect.any(Error), idle]);
    expect((await pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);

    // One that was lost while it was out does not come back, with or without a word.
    const lost = await pool.connect();
    lost.connection.stream.destroy();
    await expect(lost.query('SELECT 1')).rejects.toThrow();
    lost.release();
    const next = await pool.connect();
    expect(next).not.toBe(lost);
    next.release();

    expect(await called((done) => pool.end(() => done(null, 'ended')))).toBe('ended');
    const isEnded = { message: 'Cannot use a pool after calling end on the pool' };
    expect(await called((done) => pool.query('SELECT 1', done as never))).toMatchObject(isEnded);
    expect(await called((done) => pool.connect((error) => done(error)))).toMatchObject(isEnded);
  });

  it('hear a callback wherever node-postgres does, in a scope too', async () => {
    const router = await inEu();
    await router.run({}, async () => {
      const client = await router.primary.connect();
      const five = await new Promise<unknown>((resolve, reject) => {
        const callback = (error: unknown, result: pg.QueryResult) => (error ? reject(error) : resolve(result.rows));
        expect(client.query({ text: 'SELECT 5 AS five', callback } as never)).toBeUndefined();
      });
      expect(five).toEqual([{ five: 5 }]);
      client.release();
    });
  });

  it('report a client that was not given back, and take back none in the middle of a transaction', async () => {
    const router = await inEu({ leakAfterMs: 50, max: 1 });
    const client = await router.primary.connect();
    expect(router.stats().leased).toBe(1);
    await eventually(() => router.told('leak').length === 1);
    expect(router.told('leak')).toEqual([{ node: 'us/0', why: 'not-released' }]);
    await client.query('BEGIN');
    client.release();
    expect(router.told('leak')[1]).toEqual({ node: 'us/0', why: 'in-transaction' });
    expect((await router.primary.query('SELECT now() = statement_timestamp() AS fresh')).rows).toEqual([
      { fresh: true },
    ]);
    expect(router.stats().leased).toBe(0);
  });

  it('end without ending the pools of the app, and answer like an ended pool from then on', async () => {
    const router = await inEu();
    await router.primary.end();
    expect(router.primary).toMatchObject({ ending: true, ended: true });
    await expect(router.primary.query('SELECT 1')).rejects.toThrow('Cannot use a pool after calling end on the pool');
    await expect(router.primary.connect()).rejects.toThrow('Cannot use a pool after calling end on the pool');
    await expect(router.primary.end()).rejects.toThrow('Called end on pool more than once');
    expect((await router.wrapped.us?.query('SELECT 1'))?.rowCount).toBe(1);
    expect((await router.pool.query('SELECT 1')).rowCount).toBe(1);
    const asyncDispose = async () => {
      await using pool = router.replica as pg.Pool & AsyncDisposable;
      await pool.query('SELECT 1');
    };
    await asyncDispose();
    expect(router.replica.ended).toBe(true);
  });

  it('do not share what they know of a connection with another router, and leave nothing on it when they go', async () => {
    const first = await inEu({ max: 1 });
    await first.write('SELECT 1');
    const client = (await first.wrapped.us?.connect()) as pg.PoolClient;
    client.release();
    const { createRegionRouter } = await import('../../src/index.ts');
    const { regionsFrom } = await import('./lab.ts');
    const listeners = () => client.listenerCount('error') + client.connection.listenerCount('parameterStatus');
    let left: number | undefined;
    await first.close();
    for (let at = 0; at < 3; at += 1) {
      const next = createRegionRouter<Name>({
        regions: regionsFrom('eu', ['us', 'eu']),
        pools: first.wrapped as never,
        writes: 'remote-pool',
      });
      await next.write('SELECT 1');
      expect(next.topology().nodes.map(({ id, connections }) => [id, connections])).toContainEqual(['us/0', 1]);
      await next.close();
      left ??= listeners();
      expect(listeners()).toBe(left);
    }
  });

  it('renew every connection when told to, without failing what is under way', async () => {
    const router = await inEu({ max: 3 });
    const pids = async () =>
      new Set(
        (await Promise.all([1, 2, 3].map(() => router.write('SELECT pg_backend_pid() AS pid, pg_sleep(0.05)')))).map(
          ({ rows }) => rows[0]?.['pid'],
        ),
      );
    const before = await pids();
    const busy = router.write('SELECT pg_sleep(0.3)');
    await sleep(50);
    router.recycle();
    await busy;
    const after = await pids();
    expect([...after].filter((pid) => before.has(pid))).toEqual([]);
  });

  it('close while statements are under way lets them end, and ends the pools if it is told to', async () => {
    const router = await inEu({ hold: { timeoutMs: 20_000 } });
    // There is a connection: what is asked next is sent at once, however busy the machine is.
    await router.write('SELECT 1');
    const under = router.write('SELECT pg_sleep(0.2)');
    await sleep(50);
    await router.close({ pools: true });
    expect((await under).rowCount).toBe(1);
    expect(router.wrapped.us?.ended).toBe(true);
    expect((await failureOf(router.write('SELECT 1'))).code).toBe('ERR_ROUTER_CLOSED');
    expect((await failureOf(router.read('SELECT 1'))).code).toBe('ERR_ROUTER_CLOSED');
    expect((await failureOf(router.ready())).code).toBe('ERR_ROUTER_CLOSED');
    await router.close();
  });

  it('close refuses a write whose first connection is being made, and ends the pools all the same', async () => {
    const router = await inEu({ hold: { timeoutMs: 20_000 } });
    expect(router.wrapped.us?.totalCount).toBe(0);
    const under = failureOf(router.write('SELECT 1'));
    await router.close({ pools: true });
    expect(await under).toMatchObject({ code: 'ERR_ROUTER_CLOSED', outcome: 'not-sent' });
    expect(router.wrapped.us).toMatchObject({ ended: true, totalCount: 0 });
  });

  it('close loses no write to an app that ends its pools by itself right after it', async () => {
    const router = await inEu();
    await router.write('SELECT 1');
    expect(router.wrapped.us?.idleCount).toBe(1);
    const under = router.write('SELECT 1');
    await router.close();
    await router.wrapped.us?.end();
    expect((await under).rowCount).toBe(1);
  });

  it('close is done when the pools have ended, also the second time it is told to end them', async () => {
    const router = await inEu();
    await router.write('SELECT 1');
    const under = router.write('SELECT pg_sleep(0.2)');
    await Promise.all(
      [1, 2].map(async () => {
        await router.close({ pools: true });
        expect(router.wrapped.us?.ended).toBe(true);
      }),
    );
    expect((await under).rowCount).toBe(1);
  });
  const startNode = (onVerify: () => Promise<number | undefined>) => {
    const pool = lab.region('us').pool({ max: 2 });
    const settings = { index: 0, id: 'us/0', region: 'us', pool, clock: systemClock, readings: postgresReadings };
    const node = createPoolNode({
      ...settings,
      verifyTimeoutMs: 60_000,
      idleTimeoutMs: 60_000,
      inRecovery: () => false,
      onDiscard: () => {},
      onRelease: () => {},
      onSign: () => {},
      onVerify,
    });
    const acquired = (): Promise<unknown> => new Promise((resolve) => node.acquire((error) => resolve(error)));
    return { pool, node, acquired };
  };

  it('a node that was closed while a connection was verified opens no other one', async () => {
    let verified = 0;
    const { node, acquired } = startNode(async () => {
      verified += 1;
      node.close(new RouterClosedError());
      return undefined;
    });
    expect(await acquired()).toBeInstanceOf(RouterClosedError);
    expect(await acquired()).toBeInstanceOf(RouterClosedError);
    expect(verified).toBe(1);
  });

  it('a node that was closed leaves no listener on a connection that comes later', async () => {
    const { pool, node, acquired } = startNode(async () => 0);
    const plain = await pool.connect();
    const refused = acquired();
    node.close(new RouterClosedError());
    expect(await refused).toBeInstanceOf(RouterClosedError);
    await eventually(() => pool.idleCount === 1);
    const late = await pool.connect();
    const other = await lab.region('us').pool().connect();
    expect(late.listenerCount('error')).toBe(other.listenerCount('error'));
    expect(late.connection.listenerCount('parameterStatus')).toBe(other.connection.listenerCount('parameterStatus'));
    for (const client of [plain, late, other]) client.release();
  });
});
