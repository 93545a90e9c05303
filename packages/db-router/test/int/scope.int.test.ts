import type { Lab } from '@regionkit/lab';
import { eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgTable, serial, text } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { eventually, failureOf, type Name, readsLocally, startLab, startRouter } from './lab.ts';

const notes = pgTable('note', { id: serial('id').primaryKey(), text: text('text').notNull() });

describe('the scope of a request', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
  });
  afterAll(() => lab.close());

  /** A router whose standby is known to be fresh. Its connections are opened before any scope is. */
  const inEu = async (options?: Parameters<typeof startRouter>[2]) => {
    const router = await startRouter(lab, 'eu', { max: 1, ...options });
    await router.ready();
    await router.write('SELECT 1');
    await readsLocally(router);
    await router.read('SELECT 1');
    return router;
  };
  const pausedReplay = async () => {
    onTestFinished(() => lab.region('eu').resumeReplay());
    await lab.region('eu').pauseReplay();
  };

  it('a write of a GET that the replica refused has a token, and the next read of the scope sees it', async () => {
    const router = await inEu();
    await pausedReplay();
    const ways = {
      'pool.query': () => router.pool.query("INSERT INTO note (text) VALUES ('pool.query')"),
      'pool.query with a callback': () =>
        new Promise<void>((resolve, reject) => {
          const insert = "INSERT INTO note (text) VALUES ('pool.query with a callback')";
          void router.pool.query(insert, (error: unknown) => (error ? reject(error) : resolve()));
        }),
      read: () => router.read("INSERT INTO note (text) VALUES ('read')"),
    };
    for (const [name, write] of Object.entries(ways)) {
      await router.run({ access: 'read' }, async () => {
        await write();
        expect(router.token(), name).toBeDefined();
        const { rowCount } = await router.pool.query('SELECT FROM note WHERE text = $1', [name]);
        expect(rowCount, name).toBe(1);
      });
      expect(router.token()).toBeUndefined();
    }
  });

  it('run() awaits a query builder inside: it must not start outside, where the token is unknown', async () => {
    const router = await inEu({ max: 2 });
    await pausedReplay();
    const db = drizzle(router.replica);
    const query = () => db.select().from(notes).where(eq(notes.text, 'lazy'));
    const token = await router.run({}, async () => {
      await router.write("INSERT INTO note (text) VALUES ('lazy')");
      return router.token();
    });
    // Started outside, it would be read where replay stands still.
    expect(await query()).toHaveLength(0);
    expect(await router.run({ token }, query)).toHaveLength(1);
    expect(await router.run({ token }, async () => query())).toHaveLength(1);
    const gate = router.gate.openScope({ tokens: [token ?? ''], access: 'read' });
    expect(await gate.run(query)).toHaveLength(1);
  });

  it('a signal ends the wait of a read, a read-only transaction, and one given with a write joins the scope’s', async () => {
    const router = await inEu({ hold: { timeoutMs: 60_000 }, tokenWaitMs: 60_000 });
    const aborted = () => AbortSignal.timeout(50);
    const waits = {
      read: (signal?: AbortSignal) => router.read('SELECT 1', [], signal ? { signal } : {}),
      write: (signal?: AbortSignal) => router.write('SELECT 1', [], signal ? { signal } : {}),
      'read-only transaction': (signal?: AbortSignal) =>
        router.transaction((tx) => tx.query('SELECT 1'), { readOnly: true, ...(signal && { signal }) }),
      transaction: (signal?: AbortSignal) => router.transaction((tx) => tx.query('SELECT 1'), signal ? { signal } : {}),
      batch: (signal?: AbortSignal) => router.batch([{ text: 'SELECT 1' }], signal ? { signal } : {}),
      'pool.query': () => router.pool.query('SELECT 1'),
      'replica.connect': () => router.replica.connect(),
    };
    /** Every connection of the pools is out: whatever comes next waits for one. */
    const held = await Promise.all([router.primary.connect(), router.replica.connect()]);
    onTestFinished(() => held.forEach((client) => void client.release()));
    const forever = new AbortController().signal;
    for (const [name, wait] of Object.entries(waits)) {
      const byScope = await failureOf(router.run({ signal: aborted() }, () => wait()));
      expect(byScope, name).toMatchObject({ code: 'ERR_ABORTED', outcome: 'not-sent' });
      if (wait.length === 0) continue;
      const byCall = await failureOf(wait(aborted()));
      expect(byCall, name).toMatchObject({ code: 'ERR_ABORTED', outcome: 'not-sent' });
      const callInScope = await failureOf(router.run({ signal: forever }, () => wait(aborted())));
      expect(callInScope, name).toMatchObject({ code: 'ERR_ABORTED' });
      const scopeAroundCall = await failureOf(router.run({ signal: aborted() }, () => wait(forever)));
      expect(scopeAroundCall, name).toMatchObject({ code: 'ERR_ABORTED' });
    }
  });

  it('a signal ends the wait of a read for a replica', async () => {
    const router = await inEu({ tokenWaitMs: 60_000 });
    await pausedReplay();
    const token = await router.run({}, async () => {
      await router.write("INSERT INTO note (text) VALUES ('waited for')");
      return router.token();
    });
    const read = router.run({ token, signal: AbortSignal.timeout(50) }, () => router.read('SELECT 1'));
    expect(await failureOf(read)).toMatchObject({ code: 'ERR_ABORTED', outcome: 'not-sent' });
  });

  describe('an aborted read', () => {
    const SLEEP = 'SELECT pg_sleep(600)';
    const asleep = async (region: Name): Promise<number> => {
      const rows = await lab
        .region(region)
        .query("SELECT FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND wait_event = 'PgSleep'");
      return rows.length;
    };

    it.each<
      [string, Name, string, (router: Awaited<ReturnType<typeof inEu>>, signal: AbortSignal) => Promise<unknown>]
    >([
      ['read()', 'eu', 'rolled-back', (router, signal) => router.read(SLEEP, [], { signal })],
      [
        'router.pool in a read scope',
        'eu',
        'rolled-back',
        (router, signal) => router.run({ access: 'read', signal }, () => router.pool.query(SLEEP)),
      ],
      [
        'a read on the primary',
        'us',
        'unknown',
        async (router, signal) => {
          const token = await router.run({}, async () => {
            await router.write("INSERT INTO note (text) VALUES ('read behind')");
            return router.token();
          });
          return router.run({ token, signal }, () => router.read(SLEEP));
        },
      ],
    ])('stops waiting, and is cancelled on its own server: %s', async (_name, region, outcome, read) => {
      const router = await inEu({ tokenWaitMs: 0 });
      if (region === 'us') await pausedReplay();
      const leaving = new AbortController();
      const failure = failureOf(read(router, leaving.signal));
      await eventually(async () => (await asleep(region)) === 1);
      leaving.abort();
      expect(await failure).toMatchObject({ code: 'ERR_ABORTED', outcome });
      await eventually(async () => (await asleep(region)) === 0);
      expect(await asleep(region === 'us' ? 'eu' : 'us')).toBe(0);
      expect((await router.read('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      expect(router.stats().retries).toBe(0);
    });

    it('cancels nothing of who comes next, though it was about to end', async () => {
      const router = await inEu({ max: 2 });
      let isOver = false;
      const neighbour = async (): Promise<void> => {
        while (!isOver) await router.read('SELECT pg_sleep(0.001)');
      };
      const neighbours = [neighbour(), neighbour()];
      for (let at = 0; at < 60; at += 1) {
        const leaving = new AbortController();
        const read = router.read('SELECT pg_sleep(0.002)', [], { signal: leaving.signal }).catch((error: unknown) => {
          expect(error).toMatchObject({ code: 'ERR_ABORTED' });
        });
        setTimeout(() => leaving.abort(), at % 6);
        await read;
      }
      isOver = true;
      await Promise.all(neighbours);
    });
  });

  describe('an error leads to the code that asked', () => {
    const failing = 'SELECT 1/0';
    it.each<[string, (router: Awaited<ReturnType<typeof inEu>>) => Promise<unknown>]>([
      ['read', (router) => router.read(failing)],
      ['read in a scope', (router) => router.run({ access: 'read' }, () => router.read(failing))],
      ['write', (router) => router.write(failing)],
      ['write in a scope', (router) => router.run({}, () => router.write(failing))],
      ['batch', (router) => router.batch([{ text: failing }])],
      ['pool.query', (router) => router.pool.query(failing)],
      ['transaction', (router) => router.transaction((tx) => tx.query(failing))],
      [
        'COMMIT of a transaction',
        (router) =>
          router.transaction(async (tx) => {
            await tx.query('CREATE TEMP TABLE late (id int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP');
            await tx.query('INSERT INTO late VALUES (1), (1)');
          }),
      ],
    ])('%s', async (_name, ask) => {
      const router = await inEu();
      const theCodeThatAsked = async () => {
        await ask(router);
      };
      const failure = await failureOf(theCodeThatAsked());
      expect(failure.code).toMatch(/^22012$|^23505$/);
      expect(failure.stack).toContain('theCodeThatAsked');
    });

    it('what a callback of the app throws keeps its own stack', async () => {
      const router = await inEu();
      const thrown = new Error('of the app');
      const { stack } = thrown;
      const failure = await failureOf(router.transaction(() => Promise.reject(thrown)));
      expect(failure).toBe(thrown);
      expect(failure.stack).toBe(stack);
    });

    it('a refusal does, too', async () => {
      const router = await startRouter(lab, 'eu', { writes: 'reject' });
      await eventually(() => router.explain('write').reason === 'not-primary-region');
      const theCodeThatAsked = async () => {
        await router.write('SELECT 1');
      };
      expect((await failureOf(theCodeThatAsked())).stack).toContain('theCodeThatAsked');
    });
  });
});
