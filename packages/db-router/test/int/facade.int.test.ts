import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '@regionkit/lab';
import type { Pool, PoolClient } from 'pg';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, failureOf, type Name, readsLocally, startLab, startRouter } from './lab.ts';

describe('what a pool of the router says of itself, on real servers', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
  });
  afterAll(() => lab.close());

  const inEu = async (options?: Parameters<typeof startRouter>[2]) => {
    const router = await startRouter(lab, 'eu', options);
    await readsLocally(router);
    await eventually(() => router.explain('write').action === 'run');
    return router;
  };
  const lose = async (client: PoolClient) => {
    const { processID } = client as unknown as { processID: number };
    await lab.primary.query('SELECT pg_terminate_backend($1)', [processID]);
    await eventually(() => client.connection.stream.destroyed);
  };

  it.each(['in a scope', 'outside'])(
    'gives a cursor and a stream all their rows, though their reader takes longer than the query_timeout of the pool: %s',
    async (where) => {
      const query_timeout = 1_000;
      const router = await inEu({ pool: { query_timeout } });
      const TEN = 'SELECT n FROM generate_series(1, 10) n';
      /** Reads as its caller does who has much to do with the first rows. */
      const all = async (rows: AsyncIterable<unknown>): Promise<number> => {
        let read = 0;
        for await (const _ of rows) {
          if (read === 0) await sleep(1.3 * query_timeout);
          read += 1;
        }
        return read;
      };
      const streamOf = (): QueryStream => new QueryStream(TEN, [], { batchSize: 2 });
      const run = async () => {
        const client = await router.primary.connect();
        const cursor = client.query(new Cursor(TEN));
        const first = await cursor.read(4);
        await sleep(1.3 * query_timeout);
        expect([first.length, (await cursor.read(100)).length]).toEqual([4, 6]);
        expect(await all(client.query(streamOf()))).toBe(10);
        client.release();
        const given = streamOf();
        const asked = router.primary.query(given as never);
        expect(await all(given)).toBe(10);
        await asked;
        // For a statement it counts.
        const late = await failureOf(router.primary.query(`SELECT pg_sleep(${(5 * query_timeout) / 1_000})`));
        expect(late).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', cause: { message: 'Query read timeout' } });
      };
      await (where === 'outside' ? run() : router.run({}, run));
    },
  );

  it('takes back a client that was lost and that an ORM keeps for ever, and lets it be given back later', async () => {
    const router = await inEu({ max: 2 });
    const kept = [await router.primary.connect(), await router.primary.connect()];
    for (const client of kept) await lose(client);
    // Both places of the pool were theirs.
    const next = await router.primary.connect();
    expect((await next.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect(router.stats().leased).toBe(1);
    next.release();
    for (const client of kept) {
      client.release();
      expect(() => client.release()).toThrow('already been released');
    }
    expect(router.primary.totalCount).toBeLessThanOrEqual(2);
  });

  describe('a stream and a cursor whose connection is lost', () => {
    const MANY = 'SELECT n, pg_backend_pid() AS pid FROM generate_series(1, 100000) n';
    const stream = () => new QueryStream(MANY, [], { batchSize: 10 });
    const endedUnder = async (rows: AsyncIterable<{ pid: number }>, end: (pid: number) => Promise<unknown>) => {
      let isEnded = false;
      for await (const { pid } of rows) {
        if (isEnded) continue;
        isEnded = true;
        await end(pid);
      }
    };
    const ends: readonly (readonly [string, (pid: number) => Promise<unknown>])[] = [
      ['by its server', (pid) => lab.primary.query('SELECT pg_terminate_backend($1)', [pid])],
      ['by the network', () => lab.region('us').reset()],
    ];

    it.each(ends)('end with its error, and leave no client out: %s', async (_how, end) => {
      const router = await inEu({ max: 1 });
      const given = stream();
      const asked = failureOf(router.primary.query(given as never));
      await failureOf(endedUnder(given, end));
      await asked;

      const client = await router.primary.connect();
      await failureOf(endedUnder(client.query(stream()), end));
      client.release();

      const holder = await router.primary.connect();
      const cursor = holder.query(new Cursor<{ pid: number }>(MANY));
      const [row] = await cursor.read(1);
      await end(row?.pid as number);
      await failureOf(cursor.read(10));
      await cursor.close();
      holder.release();
      await eventually(() => router.stats().leased === 0);
    });
  });

  it('ends when a client is out that was lost and is never given back', async () => {
    const router = await inEu();
    await lose(await router.primary.connect());
    await router.primary.end();
    expect(router.primary.ended).toBe(true);
  });

  it('waits in `await using` for a client that is out, also when end() was called before', async () => {
    const router = await inEu();
    const client = await router.replica.connect();
    const order: string[] = [];
    const used = (async () => {
      await using pool = router.replica as Pool & AsyncDisposable;
      void pool.end();
    })().then(() => order.push('disposed'));
    await client.query('SELECT 1');
    order.push('released');
    client.release();
    await used;
    expect(order).toEqual(['released', 'disposed']);
    expect(router.wrapped.eu?.ended).toBe(false);
  });

  it.each(['in a scope', 'outside'])('rejects a COMMIT that stored nothing, %s', async (where) => {
    const router = await inEu();
    const run = async () => {
      for (const commit of ['COMMIT', { text: 'commit;' }, 'END TRANSACTION']) {
        const client = await router.primary.connect();
        await client.query('BEGIN');
        await client.query('SELECT 1 / 0').catch(() => {});
        const error = await failureOf(client.query(commit as string));
        expect([error.code, error.outcome]).toEqual(['ERR_ROLLED_BACK', 'rolled-back']);
        await client.query('BEGIN');
        expect((await client.query(commit as string)).command).toBe('COMMIT');
        client.release();
      }
    };
    await (where === 'outside' ? run() : router.run({}, run));
  });

  it('tells the loss of its connections alone, and of those of the primary on `primary` only', async () => {
    const router = await inEu();
    const told: string[] = [];
    for (const name of ['primary', 'replica'] as const) router[name].on('connect', () => told.push(name));
    await router.read('SELECT 1');
    await router.write('SELECT 1');
    expect(told.toSorted()).toEqual(['primary', 'replica']);
  });

  it('leads to the primary of the moment by its options, and says on which node a client is', async () => {
    const router = await inEu();
    const address = (name: Name) => [router.wrapped[name]?.options.host, router.wrapped[name]?.options.port];
    const of = ({ options: { host, port } }: Pool) => [host, port];
    const urlOf = ({ options }: Pool) => (options as { connectionString?: string }).connectionString;
    const leadsTo = () => ({
      primary: urlOf(router.primary) === urlOf(router.wrapped.us as Pool) ? 'us' : 'eu',
      pool: urlOf(router.pool) === urlOf(router.wrapped.us as Pool) ? 'us' : 'eu',
      readScope:
        router.run({ access: 'read' }, () => urlOf(router.pool)) === urlOf(router.wrapped.us as Pool) ? 'us' : 'eu',
      replica: urlOf(router.replica) === urlOf(router.wrapped.us as Pool) ? 'us' : 'eu',
    });
    expect(of(router.primary)).toEqual(address('us'));
    expect(leadsTo()).toEqual({ primary: 'us', pool: 'us', readScope: 'eu', replica: 'eu' });
    const writer = await router.pool.connect();
    const reader = await router.replica.connect();
    expect([router.nodeOf(writer), router.nodeOf(reader)]).toEqual(['us/0', 'eu/0']);
    writer.release();
    reader.release();
    expect(router.nodeOf(writer)).toBeUndefined();

    await lab.switchover({ to: 'eu' });
    await eventually(() => router.topology().primary?.region === 'eu');
    expect(leadsTo()).toMatchObject({ primary: 'eu', pool: 'eu' });
    const promoted = await router.primary.connect();
    expect(router.nodeOf(promoted)).toBe('eu/0');
    promoted.release();
  });
});
