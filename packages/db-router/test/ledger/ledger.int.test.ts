import type { Lab } from '@regionkit/lab';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { outcomeOf, type Transaction } from '../../src/index.ts';
import { createLedger, type Ledger, ledgerSql } from '../../src/ledger/index.ts';
import { eventually, failureOf, labOfTest, type Name, startLab, startRouter } from '../int/lab.ts';
import { openCommitCut } from './commit-cut.ts';

const IN_PROGRESS = 'ERR_IDEMPOTENCY_IN_PROGRESS';

async function prepare(lab: Lab<Name>): Promise<void> {
  await lab.primary.query(ledgerSql({ role: 'app' }));
  await lab.caughtUp();
}

/** The write of an app: its answer is what only the database knows. */
const note = (text: string) => async (tx: Transaction) => {
  const { rows } = await tx.query<{ id: number }>('INSERT INTO note (text) VALUES ($1) RETURNING id', [text]);
  return { id: rows[0]?.id, text };
};

/** The same as a statement of a batch. */
const noting = (text: string) => ({ text: 'INSERT INTO note (text) VALUES ($1)', values: [text] });

/** Resolves when a write has taken its key. The write runs until `end()`. */
async function startSlowly(ledger: Ledger, key: string) {
  let end: (() => void) | undefined;
  const first = ledger.once(key, 'ann', () => new Promise<string>((resolve) => (end = () => resolve('done'))));
  await eventually(() => end !== undefined);
  return { first, end: () => end?.() };
}

/** A client that keeps trying while its first request runs. */
async function persist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if ((error as { code?: string }).code !== IN_PROGRESS) throw error;
    }
  }
}

describe('a ledger on real servers', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
    await prepare(lab);
  });
  afterAll(() => lab.close());

  const inUs = async (options?: Parameters<typeof startRouter>[2]) => {
    const router = await startRouter(lab, 'us', options);
    await eventually(() => router.explain('write').action === 'run');
    return router;
  };
  const notes = async (text: string): Promise<number> =>
    (await lab.region('us').query('SELECT count(*)::int AS n FROM note WHERE text = $1', [text]))[0].n;
  const kept = async (key: string) =>
    lab.region('us').query('SELECT actor, fingerprint, answer FROM regionkit.ledger WHERE key = $1', [key]);

  it('gives the first answer again, to the same actor alone', async () => {
    const ledger = createLedger(await inUs());
    let runs = 0;
    const call = (actor: string, text: string) =>
      ledger.once('again', actor, async (tx) => {
        runs += 1;
        return note(text)(tx);
      });
    const first = await call('ann', 'again');
    expect(await call('ann', 'again')).toEqual(first);
    expect(await call('bob', 'again, by bob')).not.toEqual(first);
    expect(runs).toBe(2);
    expect(await notes('again')).toBe(1);
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text that PostgreSQL cannot keep in json', { text: '\0 \ud800 "\\' }],
    ['a list', [1, 'two', false]],
  ])('gives %s again as it was', async (name, answer) => {
    const ledger = createLedger(await inUs());
    const call = () => ledger.once(`as it was: ${name}`, 'ann', async () => answer);
    expect(await call()).toEqual(answer);
    expect(await call()).toEqual(answer);
  });

  it.each([
    ['ascii', `o'brien \\ "q" $1 $$`, 'ann', { text: `it's \\ "x" -- ; $2`, lines: 'a\nb' }],
    ['not ascii', 'k', `Zoë \\ o'brien 🌍`, { text: `café's \\ '' 🌍` }],
  ])('takes any text for names and answers: %s', async (_name, key, actor, answer) => {
    const ledger = createLedger(await inUs());
    const call = () => ledger.once<unknown>(key, actor, async () => answer);
    expect(await call()).toEqual(answer);
    expect(await call()).toEqual(answer);
    expect(await kept(key)).toEqual([{ actor, fingerprint: null, answer: JSON.stringify(answer) }]);
  });

  it('gives a clean connection back when what goes out with BEGIN or COMMIT fails', async () => {
    const ledger = createLedger(await inUs({ max: 1 }));
    await lab.primary.query(`CREATE TABLE IF NOT EXISTS late (k int UNIQUE DEFERRABLE INITIALLY DEFERRED);
      INSERT INTO late VALUES (1); GRANT ALL ON late TO app; REVOKE UPDATE ON regionkit.ledger FROM app`);
    const fails = async (fn: (tx: Transaction) => Promise<unknown>): Promise<void> => {
      const failure = await failureOf(ledger.once('clean', 'ann', fn));
      expect(failure).toMatchObject({
        code: expect.stringMatching(/^(42501|23505|ERR_ROLLED_BACK|ERR_LEDGER_TABLE)$/),
      });
      expect(await kept('clean')).toEqual([]);
    };
    try {
      await fails(note('clean'));
      await lab.primary.query('GRANT UPDATE ON regionkit.ledger TO app; REVOKE INSERT ON regionkit.ledger FROM app');
      await fails(note('clean'));
    } finally {
      await lab.primary.query(ledgerSql({ role: 'app' }));
    }
    await fails(async (tx) => (await tx.query('INSERT INTO late VALUES (1)')).command);
    await fails(async (tx) => {
      await tx.query('SELECT FROM nowhere').catch(() => {});
      return 'caught';
    });
    expect(await ledger.once('clean', 'ann', note('clean'))).toMatchObject({ text: 'clean' });
    expect(await notes('clean')).toBe(1);
  });

  it('sends the claim with BEGIN and the answer with COMMIT', async () => {
    const sent: string[] = [];
    const pool = lab.region('us').pool({ max: 1 });
    pool.on('connect', (client) => {
      const { connection } = client as unknown as { connection: { query(text: string): void } };
      const { query } = connection;
      connection.query = (text) => {
        sent.push(text);
        return query.call(connection, text);
      };
    });
    const ledger = createLedger(await inUs({ pools: { us: pool, eu: lab.region('eu').pool({ from: 'us' }) } }));
    await ledger.once('round trips', 'ann', note('round trips'));
    expect(sent.filter((text) => /^BEGIN; INSERT INTO regionkit/.test(text))).toHaveLength(1);
    expect(sent.filter((text) => /^UPDATE regionkit.*; COMMIT\b/s.test(text))).toHaveLength(1);
  });

  it('gives the first answer as JSON makes it, the first time as well', async () => {
    const ledger = createLedger(await inUs());
    const call = () => ledger.once<unknown>('a date', 'ann', async () => ({ at: new Date(0), none: undefined }));
    expect(await call()).toStrictEqual({ at: '1970-01-01T00:00:00.000Z' });
    expect(await call()).toStrictEqual({ at: '1970-01-01T00:00:00.000Z' });
  });

  it.each(['read committed', 'repeatable read', 'serializable'] as const)(
    'runs once for 20 calls at once in two processes, %s',
    async (isolation) => {
      const ledgers = [createLedger(await inUs()), createLedger(await inUs())];
      const text = `at once, ${isolation}`;
      let runs = 0;
      let refused = 0;
      const call = (ledger: Ledger) =>
        ledger
          .once(
            text,
            'ann',
            async (tx) => {
              runs += 1;
              const answer = await note(text)(tx);
              await tx.query('SELECT pg_sleep(0.05)');
              return answer;
            },
            { isolation },
          )
          .catch((error) => {
            if (error.code === IN_PROGRESS) refused += 1;
            throw error;
          });
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, at) => persist(() => call(ledgers[at % 2] as Ledger))),
      );
      expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
      expect(runs).toBe(1);
      expect(refused).toBeGreaterThan(0);
      expect(await notes(text)).toBe(1);
    },
  );

  it('refuses a call while the first runs at once, without a connection that waits', async () => {
    const ledger = createLedger(await inUs({ max: 2 }));
    const { first, end } = await startSlowly(ledger, 'slow');
    for (let at = 0; at < 5; at += 1) {
      const failure = await failureOf(ledger.once('slow', 'ann', async () => 'twice'));
      expect(failure).toMatchObject({ code: IN_PROGRESS, status: 409, outcome: 'not-sent' });
    }
    end();
    expect(await first).toBe('done');
    expect(await ledger.once('slow', 'ann', async () => 'twice')).toBe('done');
  });

  it.each(['read committed', 'repeatable read', 'serializable'] as const)(
    'is right by its row alone, where locks have no effect, %s',
    async (isolation) => {
      const ledger = createLedger(await inUs());
      const key = `by its row, ${isolation}`;
      const holder = new pg.Client(lab.region('us').connectionString);
      await holder.connect();
      onTestFinished(() => holder.end());
      await holder.query('BEGIN');
      await holder.query("INSERT INTO regionkit.ledger (actor, key, answer) VALUES ('ann', $1, '\"first\"')", [key]);
      const second = ledger.once(key, 'ann', async () => 'second', { isolation });
      const waits =
        "SELECT FROM pg_stat_activity WHERE query LIKE '%INSERT INTO regionkit%' AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'";
      await eventually(async () => (await lab.region('us').query(waits)).length > 0);
      await holder.query('COMMIT');
      expect(await second).toBe('first');
    },
  );

  it('refuses another request with the same key, and compares only what both have', async () => {
    const ledger = createLedger(await inUs());
    const call = (key: string, fingerprint?: string) =>
      ledger.once(key, 'ann', async () => 'done', fingerprint === undefined ? {} : { fingerprint });
    await call('other', 'one');
    expect(await call('other', 'one')).toBe('done');
    expect(await call('other')).toBe('done');
    expect(await failureOf(call('other', 'two'))).toMatchObject({ code: 'ERR_IDEMPOTENCY_REUSED', status: 422 });
    await call('older');
    expect(await call('older', 'one')).toBe('done');
    expect(await kept('other')).toEqual([{ actor: 'ann', fingerprint: 'one', answer: '"done"' }]);
  });

  it('leaves no row when the write fails, so that it may run again', async () => {
    const ledger = createLedger(await inUs());
    const failing = ledger.once('fails', 'ann', async (tx) => {
      await note('fails')(tx);
      throw new Error('on purpose');
    });
    expect((await failureOf(failing)).message).toBe('on purpose');
    expect(await kept('fails')).toEqual([]);
    expect(await ledger.once('fails', 'ann', note('fails'))).toMatchObject({ text: 'fails' });
    expect(await notes('fails')).toBe(1);
  });

  it('rolls the write back whose answer is too long or no JSON', async () => {
    const ledger = createLedger(await inUs(), { maxAnswerBytes: 10 });
    const circle: { self?: unknown } = {};
    circle.self = circle;
    for (const [at, answer] of ['123456789', 'ééééé', circle, 1n, () => 1].entries()) {
      const text = `no answer ${at}`;
      const call = ledger.once<unknown>(text, 'ann', async (tx) => {
        await note(text)(tx);
        return answer;
      });
      expect(await failureOf(call)).toMatchObject({ code: 'ERR_LEDGER_ANSWER', outcome: 'rolled-back' });
      expect(await notes(text)).toBe(0);
      expect(await kept(text)).toEqual([]);
    }
    expect(await ledger.once('fits', 'ann', async () => '12345678')).toBe('12345678');
  });

  it('keeps the row of a key in one batch with its statements, and gives the answer again', async () => {
    const router = await inUs();
    const ledger = createLedger(router);
    const call = (answer: unknown, fingerprint?: string) =>
      ledger.batch(
        'batch',
        'ann',
        [noting('batch'), noting('batch, too')],
        answer,
        fingerprint === undefined ? {} : { fingerprint },
      );
    const token = await router.run({}, async () => {
      expect(await call({ id: 7, none: undefined }, 'one')).toStrictEqual({ id: 7 });
      return router.token();
    });
    expect(token).toBeDefined();
    expect(await call({ id: 8 }, 'one')).toEqual({ id: 7 });
    expect(await failureOf(call({ id: 8 }, 'two'))).toMatchObject({ code: 'ERR_IDEMPOTENCY_REUSED' });
    expect(await ledger.once('batch', 'ann', async () => 'of once')).toEqual({ id: 7 });
    expect([await notes('batch'), await notes('batch, too')]).toEqual([1, 1]);
    expect(await kept('batch')).toEqual([{ actor: 'ann', fingerprint: 'one', answer: '{"id":7}' }]);
    expect(await ledger.batch('batch of nothing', 'ann', [], undefined)).toBeUndefined();
    expect(await ledger.batch('batch of nothing', 'ann', [], 'other')).toBeUndefined();
  });

  it.each(['read committed', 'repeatable read', 'serializable'] as const)(
    'runs once for 20 batches at once in two processes, %s',
    async (isolation) => {
      const ledgers = [createLedger(await inUs()), createLedger(await inUs())];
      const text = `batches at once, ${isolation}`;
      const call = (at: number) =>
        persist(() =>
          (ledgers[at % 2] as Ledger).batch(text, 'ann', [noting(text), { text: 'SELECT pg_sleep(0.02)' }], at, {
            isolation,
          }),
        );
      const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => call(at)));
      expect(new Set(answers).size).toBe(1);
      expect(await notes(text)).toBe(1);
    },
  );

  it('refuses a batch at once while the first write with its key runs', async () => {
    const ledger = createLedger(await inUs({ max: 2 }));
    const { first, end } = await startSlowly(ledger, 'slow one');
    const failure = await failureOf(ledger.batch('slow one', 'ann', [noting('slow one')], 'twice'));
    expect(failure).toMatchObject({ code: IN_PROGRESS, status: 409, outcome: 'not-sent' });
    end();
    expect(await first).toBe('done');
    expect(await ledger.batch('slow one', 'ann', [noting('slow one')], 'twice')).toBe('done');
    expect(await notes('slow one')).toBe(0);
  });

  it('leaves no row when a statement of a batch fails, and does not report an error of the app as its own', async () => {
    const ledger = createLedger(await inUs());
    await lab.primary.query(
      'CREATE TABLE IF NOT EXISTS strict (k int PRIMARY KEY, v text NOT NULL); GRANT ALL ON strict TO app; CREATE TABLE ledger_entries (id int); REVOKE ALL ON ledger_entries FROM app',
    );
    const insert = (k: number, v: string | null) => ({ text: 'INSERT INTO strict VALUES ($1, $2)', values: [k, v] });
    await ledger.batch('strict', 'ann', [insert(1, 'a')], 'done');
    for (const [statement, code] of [
      [insert(1, 'a'), '23505'],
      [insert(2, null), '23502'],
      [{ text: 'SELECT FROM nowhere' }, '42P01'],
      [{ text: 'SELECT FROM ledger' }, '42P01'],
      [{ text: 'SELECT FROM ledger_entries' }, '42501'],
    ] as const) {
      expect(await failureOf(ledger.batch('strict fails', 'ann', [noting('strict'), statement], 'no'))).toMatchObject({
        code,
      });
    }
    expect(await kept('strict fails')).toEqual([]);
    expect(await notes('strict')).toBe(0);
    expect(await ledger.batch('strict fails', 'ann', [insert(3, 'c')], 'yes')).toBe('yes');
  });

  it.each(['before', 'after'] as const)(
    'tells whether a batch was done whose connection was cut %s its COMMIT',
    async (when) => {
      const cut = await openCommitCut(lab.region('us'));
      const pool = new pg.Pool({ connectionString: cut.connectionString, max: 2 });
      onTestFinished(() => pool.end());
      const router = await inUs({ pools: { us: pool, eu: lab.region('eu').pool({ from: 'us' }) } });
      const ledger = createLedger(router);
      const text = `batch, cut ${when} the end`;
      const call = () => ledger.batch(text, 'ann', [noting(text)], 'done');
      cut.arm(when);
      expect(await failureOf(call())).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', outcome: 'unknown' });
      expect(await persist(call)).toBe('done');
      expect(await notes(text)).toBe(1);
    },
  );

  it.each(['before', 'after'] as const)(
    'tells whether a write was done whose connection was cut %s its COMMIT',
    async (when) => {
      const cut = await openCommitCut(lab.region('us'));
      const pool = new pg.Pool({ connectionString: cut.connectionString, max: 2 });
      onTestFinished(() => pool.end());
      const router = await inUs({ pools: { us: pool, eu: lab.region('eu').pool({ from: 'us' }) } });
      const ledger = createLedger(router);
      const text = `cut ${when} the end`;
      let runs = 0;
      const call = () =>
        ledger.once(text, 'ann', async (tx) => {
          runs += 1;
          return note(text)(tx);
        });
      cut.arm(when);
      expect(await failureOf(call())).toMatchObject({ code: 'ERR_OUTCOME_UNKNOWN', outcome: 'unknown' });
      const answer = await persist(call);
      expect(answer).toMatchObject({ text });
      expect(await call()).toEqual(answer);
      expect(await notes(text)).toBe(1);
      expect(runs).toBe(when === 'before' ? 2 : 1);
    },
  );

  describe('while its answer or its COMMIT runs on the server, which both went out in one message', () => {
    const isRunning = "FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    const endSession = () => lab.primary.query(`SELECT pg_terminate_backend(pid) ${isRunning}`);
    beforeAll(() =>
      lab.primary.query(`CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
        CREATE TRIGGER wait BEFORE UPDATE ON regionkit.ledger FOR EACH ROW
          WHEN (NEW.key LIKE 'slow answer%') EXECUTE FUNCTION wait();
        CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON note DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
          WHEN (NEW.text LIKE 'slow COMMIT%') EXECUTE FUNCTION wait()`),
    );
    afterAll(() => lab.primary.query('DROP FUNCTION wait() CASCADE'));

    it.each([
      ['answer', 'the statement timeout ends it', { outcome: 'rolled-back', code: '57014' }],
      ['answer', 'the server ends the session', { outcome: 'rolled-back', code: 'ERR_ROLLED_BACK' }],
      ['answer', 'the connection is lost', { outcome: 'unknown', code: 'ERR_OUTCOME_UNKNOWN' }],
      // A server has no timeout for COMMIT.
      ['COMMIT', 'it is cancelled', { outcome: 'rolled-back', code: '57014' }],
      ['COMMIT', 'the server ends the session', { outcome: 'rolled-back', code: 'ERR_ROLLED_BACK' }],
      ['COMMIT', 'the connection is lost', { outcome: 'unknown', code: 'ERR_OUTCOME_UNKNOWN' }],
    ])('is told what happened: %s, %s', async (where, how, told) => {
      const key = `slow ${where}, ${how}`;
      const timeout = how.includes('timeout') ? { statement_timeout: 300 } : {};
      const pool = lab.region('us').pool({ max: 1, ...timeout });
      const streams: { destroy(): void }[] = [];
      pool.on('connect', ({ connection }) => void streams.push(connection.stream));
      const router = await inUs({ pools: { us: pool, eu: lab.region('eu').pool({ from: 'us' }) } });
      const ledger = createLedger(router);
      const call = router.run({}, () => failureOf(ledger.once(key, 'ann', note(key))));
      if (!how.includes('timeout')) await eventually(async () => (await lab.primary.query(`SELECT ${isRunning}`))[0]);
      if (how.includes('cancelled')) await lab.primary.query(`SELECT pg_cancel_backend(pid) ${isRunning}`);
      if (how.includes('session')) await endSession();
      if (how.includes('lost')) for (const stream of streams) stream.destroy();
      const error = await call;
      expect({ outcome: outcomeOf(error), code: (error as { code?: unknown }).code }).toEqual(told);
      // A server does not see that a client is gone.
      if (how.includes('lost')) await endSession();
      await eventually(async () => (await lab.primary.query(`SELECT ${isRunning}`)).length === 0);
      expect(await kept(key)).toEqual([]);
      expect(await notes(key)).toBe(0);
      const again = note(`after ${key}`);
      await persist(() => ledger.once(key, 'ann', async (tx) => void (await again(tx))));
      expect(await kept(key)).toHaveLength(1);
    });
  });

  it('gives a client that got the answer again what the first call wrote, on a standby that has it', async () => {
    const first = createLedger(await inUs());
    const router = await startRouter(lab, 'eu');
    const ledger = createLedger(router);
    await eventually(() => router.explain('read').reason === 'local-replica');
    await lab.region('eu').pauseReplay();
    onTestFinished(() => lab.region('eu').resumeReplay());
    await first.once('own write', 'ann', note('own write'));
    const seen = await router.run({}, async () => {
      await ledger.once('own write', 'ann', note('own write'));
      expect(router.token()).toBeDefined();
      return router.read('SELECT FROM note WHERE text = $1', ['own write']);
    });
    expect(seen.rowCount).toBe(1);
  });

  it('says that its table is missing, or is not for this role', async () => {
    const ledger = createLedger(await inUs());
    await lab.primary.query('ALTER TABLE regionkit.ledger RENAME TO elsewhere');
    try {
      const wanted = { code: 'ERR_LEDGER_TABLE', outcome: 'rolled-back', status: 500 };
      expect(await failureOf(ledger.once('missing', 'ann', async () => 1))).toMatchObject(wanted);
      expect(await failureOf(ledger.expire())).toMatchObject(wanted);
    } finally {
      await lab.primary.query('ALTER TABLE regionkit.elsewhere RENAME TO ledger');
    }
    await lab.primary.query('REVOKE UPDATE, INSERT ON regionkit.ledger FROM app');
    try {
      expect(await failureOf(ledger.once('denied', 'ann', async () => 1))).toMatchObject({ code: 'ERR_LEDGER_TABLE' });
    } finally {
      await lab.primary.query(ledgerSql({ role: 'app' }));
    }
    expect(await ledger.once('denied', 'ann', async () => 1)).toBe(1);
  });

  it('deletes what is older than it is kept, in batches, from two processes at once', async () => {
    const [one, two] = [createLedger(await inUs(), { keepMs: 60_000 }), createLedger(await inUs(), { keepMs: 60_000 })];
    await one.once('young', 'ann', async () => 1);
    await lab.primary.query(
      `INSERT INTO regionkit.ledger (actor, key, at)
       SELECT 'old', n::text, clock_timestamp() - interval '61 seconds' FROM generate_series(1, 2500) n`,
    );
    const deleted = await Promise.all([one.expire(), two.expire()]);
    // A process leaves the rows that another one is deleting.
    const rest = await one.expire();
    expect(deleted.reduce((sum, n) => sum + n, rest)).toBe(2_500);
    expect(await lab.primary.query("SELECT FROM regionkit.ledger WHERE actor = 'old'")).toEqual([]);
    expect(await kept('young')).toHaveLength(1);
  });
});

describe('a ledger over a failover', () => {
  it('keeps the answers of what the new primary has, and runs once what it lost', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    await prepare(lab);
    const before = createLedger(await startRouter(lab, 'us', { reach: ['us'], coldStart: 'trust' }));
    const keptAnswer = await before.once('kept', 'ann', note('kept'));
    await lab.caughtUp();
    await lab.region('us').partition();
    await before.once('lost', 'ann', note('lost'));
    await lab.region('us').kill();
    await lab.failover({ to: 'eu' });

    const after = createLedger(await startRouter(lab, 'eu', { reach: ['eu'], coldStart: 'trust' }));
    let runs = 0;
    const call = (key: string) =>
      after.once(key, 'ann', async (tx) => {
        runs += 1;
        return note(key)(tx);
      });
    expect(await call('kept')).toEqual(keptAnswer);
    expect(runs).toBe(0);
    const answers = await Promise.all(Array.from({ length: 5 }, () => persist(() => call('lost'))));
    expect(new Set(answers.map((answer) => answer.id)).size).toBe(1);
    expect(runs).toBe(1);
    expect(await lab.primary.query('SELECT text FROM note ORDER BY text')).toEqual([
      { text: 'kept' },
      { text: 'lost' },
    ]);
  });

  it('frees the key of a write whose server crashed before its COMMIT', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    await prepare(lab);
    const router = await startRouter(lab, 'us', { hold: { timeoutMs: 60_000 } });
    const ledger = createLedger(router);
    const crashed = ledger.once('crash', 'ann', async (tx) => {
      await note('crash')(tx);
      await lab.region('us').kill();
      return note('crash again')(tx);
    });
    expect(await failureOf(crashed)).toMatchObject({ outcome: 'rolled-back' });
    await lab.region('us').start();
    expect(await persist(() => ledger.once('crash', 'ann', note('crash')))).toMatchObject({ text: 'crash' });
    expect(await lab.primary.query('SELECT text FROM note')).toEqual([{ text: 'crash' }]);
  });
});
