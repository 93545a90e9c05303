import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSetup, type Line, type Setup } from './lab-setup.ts';

let setup: Setup;
let firstXid: string;
let longXid: string;

beforeAll(async () => {
  setup = await createSetup();
  const [us, eu] = [setup.lab.region('us'), setup.lab.region('eu')];
  await us.query(`
    CREATE TABLE t (k int PRIMARY KEY, v text, g text GENERATED ALWAYS AS (v || '!') STORED);
    CREATE TABLE pairs (a text, b int GENERATED ALWAYS AS IDENTITY, v text, PRIMARY KEY (a, b));
    CREATE TABLE no_key (a int);
    INSERT INTO t SELECT g, 'v' || g FROM generate_series(1, 2000) g;
    INSERT INTO pairs (a, v) SELECT 'a' || g, 'v' FROM generate_series(1, 20) g;
    INSERT INTO no_key VALUES (1);`);
  // Open at the fork, and more than ten thousand transactions older.
  const long = new pg.Client({ connectionString: us.adminConnectionString });
  await long.connect();
  const began = await long.query('BEGIN; SELECT pg_current_xact_id()::text AS xid');
  longXid = (began as unknown as { rows: { xid: string }[] }[])[1]?.rows[0]?.xid ?? '';
  await us.query('DO $$ BEGIN FOR i IN 1..10300 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$');
  // Commits that wrote nothing are flushed with this one.
  await us.query('CREATE TABLE flushed (a int)');
  await setup.lab.caughtUp();
  await setup.fork(async () => {
    await long.query('INSERT INTO no_key VALUES (9); COMMIT');
    await long.end();
    await us.query(`INSERT INTO t (k, v) VALUES (3000, 'in''serted')`);
    await us.query(`UPDATE t SET v = 'updated' WHERE k IN (1, 2, 3)`);
    await us.query(`DELETE FROM t WHERE k IN (4, 5, 6, 2000)`);
    await us.query(`INSERT INTO pairs (a, v) VALUES ('new', 'x')`);
    await us.query(`DELETE FROM pairs WHERE a = 'a7'`);
    await us.query(`INSERT INTO no_key VALUES (2)`);
  });
  const [row] = await eu.query<{ xid: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xid');
  firstXid = row?.xid ?? '';
  await eu.query(`UPDATE t SET v = 'updated' WHERE k = 2`);
  await eu.query(`UPDATE t SET v = 'other' WHERE k IN (3, 5)`);
  await eu.query(`DELETE FROM t WHERE k = 6`);
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

describe('salvage without a slot', () => {
  it('is refused while nothing says which transaction was the first', async () => {
    const { ran } = await setup.salvage();
    expect(ran.exit).toBe(4);
    expect(ran.stdout).toMatch(/has no slot regionkit_tail_\d+, and the first transaction after the fork is not known/);
  });

  it('lists what the lost transactions have left, says what it cannot see, and repeats it', async () => {
    const eu = setup.lab.region('eu');
    const { ran, lines, summary, review } = await setup.salvage('--first-xid', firstXid);
    expect(ran.exit, ran.stdout + ran.stderr).toBe(3);
    expect(summary).toMatchObject({ method: 'rows', lost: { transactions: 6 }, completeness: { isComplete: false } });
    expect(summary.completeness.reasons).toEqual([
      expect.stringMatching(/^Without a slot .*: no intermediate states, /),
      expect.stringMatching(/^Transactions that began long before the fork .*pg_walinspect/),
    ]);
    const classOf = (column: string, value: string): string | undefined =>
      lines.find(({ key, after }) => (key ?? after)?.[column] === value)?.class;
    expect(['3000', '1', '2', '3', '4', '2000'].map((k) => classOf('k', k))).toEqual([
      ...['missing', 'stale', 'identical', 'conflict', 'would-delete', 'would-delete'],
    ]);
    // The new primary has changed 5 and deleted 6: that the old one deleted them is not to be seen.
    expect(['5', '6'].map((k) => classOf('k', k))).toEqual([undefined, undefined]);
    expect(lines.find(({ table }: Line) => table?.name === 'no_key')?.class).toBe('no-key');

    const state = () => eu.query('SELECT k, v FROM t WHERE k < 10 OR k >= 2000 ORDER BY k');
    const before = await state();
    await eu.query(review);
    expect(await state()).toEqual(before);
    await eu.query(review.replace(/ROLLBACK;\s*$/, 'COMMIT;'));
    expect((await state()).map(({ k, v }) => `${k} ${v}`)).toEqual([
      ...['1 updated', '2 updated', '3 other', '5 other', '7 v7', '8 v8', '9 v9', "3000 in'serted"],
    ]);
    expect(await eu.query(`SELECT a FROM pairs WHERE a IN ('a7', 'new')`)).toEqual([{ a: 'new' }]);
    expect((await setup.salvage('--first-xid', firstXid)).summary.lost.byClass).toEqual({
      ...{ identical: 4, conflict: 1, 'no-key': 1 },
    });
  });

  it('finds a lost transaction that was open long before the fork by the WAL', async () => {
    // A transaction of the old primary alone, as every one that is made there now.
    await setup.lab.region('us').query('CREATE EXTENSION pg_walinspect');
    const { ran, lines, summary } = await setup.salvage('--first-xid', firstXid);
    expect(ran.exit, ran.stdout + ran.stderr).toBe(3);
    expect(lines.some(({ type, xid }) => type === 'transaction' && xid === longXid)).toBe(true);
    expect(lines.some(({ after }) => after?.['a'] === '9')).toBe(true);
    expect(summary.completeness.reasons).toEqual([expect.stringMatching(/^Without a slot /)]);
    // The WAL shows the last transaction before the fork, too.
    const found = await setup.salvage();
    expect(found.ran.exit, found.ran.stdout).toBe(3);
    expect(found.lines).toEqual(lines);
  });
});
