import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSetup, type Setup } from './lab-setup.ts';

let setup: Setup;

beforeAll(async () => {
  setup = await createSetup();
  const us = setup.lab.region('us');
  await us.query('CREATE DATABASE other');
  await us.query(`CREATE TABLE t (k bigserial PRIMARY KEY, v text); CREATE TABLE no_key (a int);
    CREATE UNLOGGED TABLE unlogged (a int); CREATE SEQUENCE counter`);
  await inOther('CREATE TABLE far (a int)');
  await setup.keepTail();
  await setup.fork(async () => {
    await inOther('SELECT pg_current_xact_id()');
    const here = new pg.Client({ connectionString: us.adminConnectionString });
    await here.connect();
    await here.query(
      `BEGIN; INSERT INTO t (v) VALUES ('a'); SAVEPOINT s; INSERT INTO t (v) VALUES ('b'); RELEASE s; COMMIT`,
    );
    await here.query(`BEGIN; INSERT INTO t (v) VALUES ('rolled back'); ROLLBACK`);
    await here.query('BEGIN; INSERT INTO no_key VALUES (1); PREPARE TRANSACTION $$committed$$'.replaceAll('$$', "'"));
    await here.query(`COMMIT PREPARED 'committed'`);
    await here.query(`BEGIN; INSERT INTO t (v) VALUES ('c'); PREPARE TRANSACTION 'open'`);
    await here.query('INSERT INTO unlogged VALUES (1)');
    await here.query(`SELECT count(nextval('counter')) FROM generate_series(1, 100)`);
    await here.query(`SELECT lo_from_bytea(0, 'large')`);
    await here.query(`INSERT INTO t (v) SELECT 'many ' || g FROM generate_series(1, 5000) g`);
    await here.end();
  });
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

/** Commands in another database of the old primary. */
async function inOther(...commands: readonly string[]): Promise<void> {
  const elsewhere = new URL(setup.lab.region('us').adminConnectionString);
  elsewhere.pathname = '/other';
  const client = new pg.Client({ connectionString: elsewhere.href });
  await client.connect();
  for (const command of commands) await client.query(command);
  await client.end();
}

describe('the completeness of a list', () => {
  it('is not claimed while other transactions cannot be told from lost ones', async () => {
    const { ran, summary } = await setup.salvage();
    expect(ran.exit, ran.stdout).toBe(3);
    expect(summary.completeness).toMatchObject({ isComplete: false, decoded: expect.any(Number) });
    expect(summary.completeness.reasons.join()).toMatch(
      /subtransactions, transactions of another database, or lost writes\. pg_walinspect/,
    );
  });

  it('is proved by the WAL, and what no list can have is named', async () => {
    const us = setup.lab.region('us');
    // A transaction of the old primary alone, as every one that is made there now.
    await us.query('CREATE EXTENSION pg_walinspect');
    const { ran, summary, lines, review, report } = await setup.salvage();
    expect(ran.exit, ran.stdout).toBe(10);
    expect(summary.completeness).toMatchObject({
      isComplete: true,
      reasons: [],
      subtransactions: 1,
      preparedCommits: 1,
    });
    // One of another database that wrote nothing, and the unlogged table.
    expect(summary.completeness.decodedNowhere).toBeGreaterThanOrEqual(2);
    expect(summary.lost.byClass).toMatchObject({ missing: 5_002, 'no-key': 1 });
    expect(summary.neverDecoded).toMatchObject({
      unloggedTables: ['public.unlogged'],
      preparedOnOld: ['open'],
      largeObjects: 1,
    });
    const counter = summary.neverDecoded.sequences.find(({ name }: { name: string }) => name === 'counter');
    expect(counter).toMatchObject({ schema: 'public', old: expect.stringMatching(/^1\d\d$/) });
    expect(review).toMatch(/^-- sequence ahead on the old primary .*setval\('"public"\."counter"', 1\d\d\)/m);
    expect(report).toContain('Yes: the counts agree.');
    expect(lines.filter(({ type }) => type === 'transaction').length).toBe(summary.lost.transactions);
  });

  it('is not claimed for an old primary with a transaction in progress', async () => {
    const client = new pg.Client({ connectionString: setup.lab.region('us').adminConnectionString });
    await client.connect();
    await client.query('BEGIN; SELECT pg_current_xact_id()');
    const { ran, summary } = await setup.salvage();
    await client.query('ROLLBACK');
    await client.end();
    expect(ran.exit, ran.stdout).toBe(3);
    expect(summary.completeness.reasons).toEqual([
      'The old primary took writes while it was read: fence it, and salvage again.',
    ]);
  });

  it('is not claimed if one of thousands of commits wrote in another database, under a savepoint', async () => {
    await inOther(
      'DO $$ BEGIN FOR i IN 1..1100 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$',
      'BEGIN; SELECT pg_current_xact_id(); SAVEPOINT s; INSERT INTO far VALUES (2); RELEASE s; COMMIT',
    );
    const { ran, summary } = await setup.salvage();
    expect(ran.exit, ran.stdout).toBe(3);
    expect(summary.completeness.reasons).toEqual([
      expect.stringMatching(/^1 commits of the WAL changed rows of other databases \("other"\)/),
    ]);
  });

  it('is not claimed for an old primary that takes writes meanwhile', async () => {
    const us = setup.lab.region('us');
    let writing = true;
    const writer = (async () => {
      while (writing) await us.query(`INSERT INTO t (v) VALUES ('meanwhile')`);
    })();
    const { ran, summary } = await setup.salvage();
    writing = false;
    await writer;
    expect(ran.exit).toBe(3);
    expect(summary.completeness.reasons[0]).toBe(
      'The old primary took writes while it was read: fence it, and salvage again.',
    );
  });
});
