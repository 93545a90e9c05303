import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from '@regionkit/core';
import type { Lab } from '@regionkit/lab';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RouterEvents } from '../../src/index.ts';
import {
  eventually,
  failureOf,
  labOfTest,
  type Name,
  readsLocally,
  startLab,
  startRouter,
  type TestRouter,
} from './lab.ts';

type Opened = Parameters<typeof startRouter>[2];
type Ask = (router: TestRouter, text: string) => Promise<unknown>;

/** The events that tell of a call, and not of the state of the router. */
const OF_A_CALL = [
  'route',
  'retry',
  'hold',
  'hold-ended',
  'outcome-unknown',
  'position-unknown',
  'token-late',
] as const;
/** A request of the app that was there first. The connections that it has opened keep its context. */
const OPENER = 'the request that opened the connections';
const CALLERS = ['request 1', 'request 2'];

describe('the async context of a caller', () => {
  const context = new AsyncLocalStorage<string>();
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    await makeFlaky(lab);
  });
  afterAll(() => lab.close());

  /** A router whose statements, events and log lines are noted with the context in which they were seen. */
  async function traced(of: Lab<Name>, self: Name, options: Opened = {}) {
    const sent: (readonly [text: string, context: string | undefined])[] = [];
    const told: (readonly [event: keyof RouterEvents, context: string | undefined])[] = [];
    const logged: (string | undefined)[] = [];
    class Traced extends pg.Client {
      constructor(config?: pg.ClientConfig) {
        super(config);
        const { query } = this;
        this.query = ((...given: [string | { readonly text?: string }]) => {
          sent.push([typeof given[0] === 'string' ? given[0] : (given[0].text ?? ''), context.getStore()]);
          return query.apply(this, given as never);
        }) as never;
      }
    }
    const log = (): void => void logged.push(context.getStore());
    const { max = 2 } = options;
    const router = await startRouter(of, self, {
      coldStart: 'trust',
      logger: { info: log, warn: log, error: log } as unknown as Logger,
      ...options,
      max,
      pool: { Client: Traced, idleTimeoutMillis: 0 },
    });
    await context.run(OPENER, async () => {
      for (const pool of Object.values(router.wrapped)) {
        const clients = await Promise.all(Array.from({ length: max }, () => pool.connect()));
        for (const client of clients) client.release();
      }
    });
    await eventually(() => router.explain('write').action === 'run');
    if (router.wrapped.eu !== undefined && self === 'eu') await readsLocally(router);
    for (const event of OF_A_CALL) router.on(event, () => void told.push([event, context.getStore()]));
    sent.length = 0;
    logged.length = 0;
    return {
      router,
      /** In which contexts an event was seen. */
      contextsOf: (event: (typeof OF_A_CALL)[number]) =>
        [...new Set(told.filter(([name]) => name === event).map(([, seen]) => seen))].sort(),
      /** How often each of the callers has sent its statement. None was sent in another context. */
      timesSent: () => {
        const own = sent.filter(([text]) => text.includes('traced'));
        for (const [text, seen] of own) expect(text).toContain(`traced ${seen}'`);
        return CALLERS.map((caller) => own.filter(([, seen]) => seen === caller).length);
      },
      everywhere: () => new Set([...sent, ...told].map(([, seen]) => seen).concat(logged)),
    };
  }

  const asAll = <T>(ask: (caller: string, index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(CALLERS.map((caller, index) => context.run(caller, () => ask(caller, index))));

  let sequences = 0;
  /** A new counter of tries. */
  const tries = async (): Promise<string> => {
    sequences += 1;
    const name = `tries_${sequences}`;
    await lab.primary.query(`CREATE SEQUENCE ${name}`);
    await lab.caughtUp();
    return name;
  };

  /** Until the statements of all callers sleep that have this text. One of an earlier test may still do. */
  const allSleep = (region: Name, text: string): Promise<void> =>
    eventually(async () => {
      const sleeping = await lab
        .region(region)
        .query("SELECT FROM pg_stat_activity WHERE strpos(query, $1) > 0 AND wait_event = 'PgSleep'", [text]);
      return sleeping.length === CALLERS.length;
    });

  const CALLED_BACK: Ask = (router, text) =>
    new Promise((resolve, reject) =>
      router.primary.query(text, (error, result) => (error ? reject(error) : resolve([result, context.getStore()]))),
    );
  const READS: readonly (readonly [way: string, ask: Ask])[] = [
    ['read()', (router, text) => router.read(text)],
    ['replica.query()', (router, text) => router.replica.query(text)],
    ['pool.query() in a read scope', (router, text) => router.run({ access: 'read' }, () => router.pool.query(text))],
  ];
  const WRITES: readonly (readonly [way: string, ask: Ask])[] = [
    ['write()', (router, text) => router.write(text)],
    ['pool.query()', (router, text) => router.pool.query(text)],
    ['write() in a scope', (router, text) => router.run({}, () => router.write(text))],
    ['pool.query() in a write scope', (router, text) => router.run({}, () => router.pool.query(text))],
    ['primary.query() with a callback', CALLED_BACK],
  ];

  it.each(READS)('stays when a read runs again on another node: %s', async (_way, ask) => {
    const { router, timesSent, contextsOf, everywhere } = await traced(lab, 'eu');
    const counters = await Promise.all(CALLERS.map(tries));
    await asAll((caller, at) => ask(router, `SELECT flaky('${counters[at]}', 0), 'traced ${caller}'`));
    expect(timesSent()).toEqual([2, 2]);
    expect([contextsOf('route'), contextsOf('retry')]).toEqual([CALLERS, CALLERS]);
    expect(everywhere()).not.toContain(OPENER);
  });

  it.each(READS)('stays when the connection of a read breaks: %s', async (way, ask) => {
    const { router, timesSent, contextsOf, everywhere } = await traced(lab, 'eu');
    const reading = asAll((caller) =>
      ask(router, `SELECT '${way}', CASE WHEN pg_is_in_recovery() THEN pg_sleep(30) END, 'traced ${caller}'`),
    );
    await allSleep('eu', `SELECT '${way}'`);
    await lab.region('eu').reset();
    await reading;
    for (const times of timesSent()) expect(times).toBeGreaterThan(1);
    expect([contextsOf('route'), contextsOf('retry')]).toEqual([CALLERS, CALLERS]);
    expect(everywhere()).not.toContain(OPENER);
  });

  it.each(WRITES)('stays when a write runs again, and again: %s', async (_way, ask) => {
    const { router, timesSent, contextsOf, everywhere } = await traced(lab, 'us', { reach: ['us'] });
    const counters = await Promise.all(CALLERS.map(tries));
    const answers = await asAll((caller, at) => ask(router, `SELECT flaky('${counters[at]}', 2), 'traced ${caller}'`));
    if (ask === CALLED_BACK) expect(answers.map((answer) => (answer as unknown[])[1])).toEqual(CALLERS);
    expect(timesSent()).toEqual([3, 3]);
    expect([contextsOf('route'), contextsOf('retry')]).toEqual([CALLERS, CALLERS]);
    expect(everywhere()).not.toContain(OPENER);
  });

  it('stays when a read turns out to write, and the write fails, too', async () => {
    const { router, timesSent, contextsOf, everywhere } = await traced(lab, 'eu');
    const counters = await Promise.all(CALLERS.map(tries));
    await asAll((caller, at) =>
      router.read(`INSERT INTO note (text) SELECT 'traced ${caller}' WHERE flaky('${counters[at]}', 1)`),
    );
    expect(timesSent()).toEqual([3, 3]);
    expect(contextsOf('retry')).toEqual(CALLERS);
    expect(everywhere()).not.toContain(OPENER);
  });

  it('stays when a statement fails in the end, and its error leads to the calling line', async () => {
    const { router, timesSent, contextsOf, everywhere } = await traced(lab, 'us', { reach: ['us'] });
    const counters = await Promise.all(CALLERS.map(tries));
    await asAll(async function callingLine(caller, at) {
      const error = await failureOf(router.write(`SELECT flaky('${counters[at]}', 99), 'traced ${caller}'`));
      expect([error.code, context.getStore()]).toEqual(['40001', caller]);
      const awaited = await router.write(`SELECT flaky('${counters[at]}', 99), 'traced ${caller}'`).catch((e) => e);
      expect(awaited.stack).toContain('callingLine');
    });
    expect(timesSent()).toEqual([8, 8]);
    expect(contextsOf('retry')).toEqual(CALLERS);
    expect(everywhere()).not.toContain(OPENER);
  });

  it('stays when an outcome is unknown', async () => {
    const { router, contextsOf, everywhere } = await traced(lab, 'us', { reach: ['us'] });
    const writing = asAll((caller) => failureOf(router.write(`SELECT pg_sleep(31), 'traced ${caller}'`)));
    await allSleep('us', 'pg_sleep(31)');
    await lab.region('us').reset();
    expect((await writing).map(({ outcome }) => outcome)).toEqual(['unknown', 'unknown']);
    expect(contextsOf('outcome-unknown')).toEqual(CALLERS);
    expect(everywhere()).not.toContain(OPENER);
  });

  it('stays when the position of a write is asked for afterwards', async () => {
    const { router, timesSent, everywhere } = await traced(lab, 'us', { reach: ['us'] });
    await asAll((caller) =>
      router.run({}, async () => {
        await router.write(`SELECT note_it('of a function for ${caller}'), 'traced ${caller}'`);
        expect(router.token()).toBeDefined();
      }),
    );
    expect(timesSent()).toEqual([1, 1]);
    expect(everywhere()).not.toContain(OPENER);
  });

  it.each<readonly [what: string, ask: (client: pg.PoolClient, caller: string) => Promise<unknown>]>([
    [
      'a block',
      (client, caller) =>
        client.query(`DO $$ BEGIN INSERT INTO note (text) VALUES ('block, traced ${caller}'); END $$`),
    ],
    [
      'several statements in one text',
      (client, caller) => client.query(`INSERT INTO note (text) VALUES ('two, traced ${caller}'); SELECT 1`),
    ],
    [
      'a transaction in one text',
      (client, caller) => client.query(`BEGIN; SELECT note_it('whole, traced ${caller}'); COMMIT`),
    ],
    [
      'the end of a transaction',
      async (client, caller) => {
        await client.query('BEGIN');
        await client.query(`INSERT INTO note (text) VALUES ('chained, traced ${caller}')`);
        await client.query('COMMIT AND CHAIN');
        await client.query('ROLLBACK');
      },
    ],
    [
      'a pg.Query',
      (client, caller) =>
        new Promise((resolve, reject) => {
          const query = new pg.Query(`INSERT INTO note (text) VALUES ('query, traced ${caller}')`);
          query.on('end', resolve).on('error', reject);
          client.query(query);
        }),
    ],
  ])('stays when a client asks for the position afterwards: %s', async (_what, ask) => {
    const { router, timesSent, everywhere } = await traced(lab, 'us', { reach: ['us'] });
    for (const one of CALLERS) {
      await context.run(one, () =>
        router.run({}, async () => {
          const client = await router.primary.connect();
          await ask(client, one);
          client.release();
          expect([context.getStore(), router.token()]).toEqual([one, expect.any(String)]);
        }),
      );
    }
    expect(timesSent()).toEqual([1, 1]);
    expect(everywhere()).not.toContain(OPENER);
  });

  it('stays when the token of a client comes too late for the answer', async () => {
    const { router, contextsOf, everywhere } = await traced(lab, 'us', { reach: ['us'] });
    await asAll((caller) => {
      const scope = router.gate.openScope({ tokens: [], access: 'write' });
      return scope.run(async () => {
        const client = await router.primary.connect();
        const writing = client.query(`INSERT INTO note (text) VALUES ('late of a client, traced ${caller}')`);
        scope.closeHead();
        await writing;
        client.release();
      });
    });
    expect(contextsOf('token-late')).toEqual(CALLERS);
    expect(everywhere()).not.toContain(OPENER);
  });

  it('stays when a token comes too late for the answer', async () => {
    const { router, contextsOf, everywhere } = await traced(lab, 'us', { reach: ['us'] });
    await asAll((caller) => {
      const scope = router.gate.openScope({ tokens: [], access: 'write' });
      return scope.run(() => {
        const writing = router.write(`INSERT INTO note (text) VALUES ('late, traced ${caller}')`);
        scope.closeHead();
        return writing;
      });
    });
    expect(contextsOf('token-late')).toEqual(CALLERS);
    expect(everywhere()).not.toContain(OPENER);
  });

  it.each<readonly [way: string, ask: Ask]>([
    ...WRITES.slice(0, 2),
    [
      'a client',
      async (router, text) => {
        const client = await router.primary.connect();
        await client.query(text);
        client.release();
      },
    ],
    ['transaction()', (router, text) => router.transaction((tx) => tx.query(text))],
  ])('stays when a connection of the app is still busy: %s', async (_way, ask) => {
    const { router, timesSent, contextsOf, everywhere } = await traced(lab, 'us', { reach: ['us'], max: 1 });
    const [caller] = CALLERS as [string];
    const busy = await (router.wrapped.us as pg.Pool).connect();
    const slow = busy.query('SELECT pg_sleep(0.2)');
    busy.release();
    await context.run(caller, () => ask(router, `SELECT 'traced ${caller}'`));
    await slow;
    expect(timesSent()).toEqual([1, 0]);
    expect(contextsOf('route')).toEqual([caller]);
    expect(everywhere()).not.toContain(OPENER);
  });

  it('stays when another request gives a client back in the same tick', async () => {
    const { router, timesSent } = await traced(lab, 'us', { reach: ['us'] });
    const [caller, other] = CALLERS as [string, string];
    const lent = await context.run(other, () => router.primary.connect());
    const writing = context.run(caller, () => router.write(`SELECT 'traced ${caller}'`));
    context.run(other, () => lent.release());
    await writing;
    expect(timesSent()).toEqual([1, 0]);
  });

  it('is not kept by a connection that takes the place of a broken one', async () => {
    const { router, timesSent } = await traced(lab, 'us', { reach: ['us'], max: 1 });
    const [caller, other] = CALLERS as [string, string];
    const opened: (string | undefined)[] = [];
    router.wrapped.us?.on('connect', () => opened.push(context.getStore()));
    const lent = await context.run(other, () => router.primary.connect());
    const writing = context.run(caller, () => router.write(`SELECT 'traced ${caller}'`));
    const lost = new Promise((resolve) => lent.once('end', resolve));
    lent.connection.stream.destroy();
    await lost;
    context.run(other, () => lent.release());
    await writing;
    expect(timesSent()).toEqual([1, 0]);
    expect(opened).toEqual([undefined]);
  });

  it('stays when a write was held until a standby was promoted', async () => {
    const own = await labOfTest({ regions: ['us', 'eu'] });
    const { router, timesSent, contextsOf, everywhere } = await traced(own, 'eu', { hold: { timeoutMs: 60_000 } });
    await own.region('us').kill();
    const writing = asAll((caller) => router.write(`INSERT INTO note (text) VALUES ('traced ${caller}')`));
    await eventually(() => router.stats().holding === CALLERS.length);
    await own.region('eu').promote();
    await writing;
    expect(timesSent()).toEqual([1, 1]);
    expect([contextsOf('hold'), contextsOf('hold-ended'), contextsOf('route')]).toEqual([CALLERS, CALLERS, CALLERS]);
    expect(everywhere()).not.toContain(OPENER);
  });
});

/** Functions that fail as servers under load do: `flaky` on each standby, and `times` times on the primary. */
async function makeFlaky(lab: Lab<Name>): Promise<void> {
  await lab.primary.query(`
    CREATE FUNCTION flaky(tries regclass, times int) RETURNS bool LANGUAGE plpgsql AS $$
      BEGIN
        IF pg_is_in_recovery() THEN RAISE 'conflict' USING errcode = '40001'; END IF;
        IF nextval(tries) <= times THEN RAISE 'conflict' USING errcode = '40001'; END IF;
        RETURN true;
      END $$`);
  await lab.primary.query(`
    CREATE FUNCTION note_it(given text) RETURNS void LANGUAGE sql AS $$ INSERT INTO note (text) VALUES (given) $$`);
  await lab.caughtUp();
}
