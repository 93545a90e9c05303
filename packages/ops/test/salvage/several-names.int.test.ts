import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSetup, type Salvaged, type Setup } from './lab-setup.ts';

/** All that is in the files. */
async function textOf({ out }: Salvaged): Promise<string> {
  const texts = (await readdir(out)).map((name) => readFile(join(out, name), 'utf8'));
  return (await Promise.all(texts)).join();
}

describe('salvage of tables and columns with several names in the tail', () => {
  let setup: Setup;
  let found: Salvaged;
  let firstXid: string;
  beforeAll(async () => {
    setup = await createSetup();
    const [us, eu] = [setup.lab.region('us'), setup.lab.region('eu')];
    await us.query(`
      CREATE EXTENSION pg_walinspect;
      CREATE TABLE people (k int PRIMARY KEY, mail text);
      CREATE TABLE cards (k int PRIMARY KEY, number text);
      CREATE TABLE logs (k int, day date, mail text, PRIMARY KEY (k, day)) PARTITION BY RANGE (day);
      CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
      CREATE TABLE plain (k int PRIMARY KEY, v text);
      CREATE TABLE made (k int PRIMARY KEY, v text);
      INSERT INTO made SELECT g, 'v' || g FROM generate_series(1, 5) g;`);
    await setup.keepTail();
    await setup.fork(async () => {
      for (const statement of [
        `INSERT INTO people VALUES (1, 'first@people')`,
        'ALTER TABLE people RENAME TO folk',
        `INSERT INTO folk VALUES (2, 'second@people')`,
        'ALTER TABLE folk RENAME TO persons',
        `INSERT INTO persons VALUES (3, 'third@people')`,
        `INSERT INTO cards VALUES (1, 'first@cards')`,
        'ALTER TABLE cards RENAME number TO digits',
        `INSERT INTO cards VALUES (2, 'second@cards')`,
        'ALTER TABLE cards RENAME digits TO code',
        `UPDATE cards SET code = 'third@cards' WHERE k = 1`,
        `INSERT INTO logs VALUES (1, '2026-02-02', 'first@logs')`,
        'ALTER TABLE logs DETACH PARTITION logs_1',
        'ALTER TABLE logs_1 RENAME TO kept',
        `INSERT INTO kept VALUES (2, '2026-02-02', 'second@logs')`,
        `INSERT INTO plain VALUES (1, 'not secret')`,
        `UPDATE made SET v = 'lost' WHERE k = 1`,
        `INSERT INTO made VALUES (10, 'first')`,
        'DROP TABLE made; CREATE TABLE made (k int PRIMARY KEY, v text)',
        `INSERT INTO made VALUES (1, 'second'), (10, 'second'), (11, 'second')`,
        'CREATE TABLE fresh (k int PRIMARY KEY, v text)',
        `INSERT INTO fresh VALUES (1, 'first')`,
        'DROP TABLE fresh; CREATE TABLE fresh (k int PRIMARY KEY, v text)',
        `INSERT INTO fresh VALUES (1, 'second'), (2, 'second')`,
      ])
        await us.query(statement);
    });
    const [row] = await eu.query<{ xid: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xid');
    firstXid = row?.xid ?? '';
    // The same migration, after the promotion.
    await eu.query('CREATE TABLE fresh (k int PRIMARY KEY, v text)');
    found = await setup.salvage();
  });
  afterAll(async () => {
    await setup?.[Symbol.asyncDispose]();
  });

  const changesOf = (name: string) =>
    found.lines
      .filter(({ table }) => table?.name === name)
      .map(({ operation, key, class: rowClass, why }) => `${operation} ${key?.['k']} ${rowClass} ${why ?? ''}`);

  it('is complete, and shows what is not to be hidden', async () => {
    expect(found.ran.exit, found.ran.stdout + found.ran.stderr).toBe(10);
    expect(await textOf(found)).toMatch(/second@people[\s\S]*second@cards[\s\S]*second@logs/);
  });

  it.each([
    ['people.mail', '@people'],
    ['persons.mail', '@people'],
    ['cards.number', '@cards'],
    ['cards.code', '@cards'],
    ['logs.mail', '@logs'],
  ])('hides %s by every name, also by one that no server has', async (column, secret) => {
    const salvaged = await setup.salvage('--redact', column);
    expect(salvaged.ran.exit, salvaged.ran.stdout + salvaged.ran.stderr).toBe(10);
    const text = await textOf(salvaged);
    expect(text).not.toContain(secret);
    expect(text).toContain('not secret');
  });

  it('repeats nothing in a table whose name the old primary has given to another one', () => {
    const why = 'conflict the old primary has another table of this name by now';
    expect(changesOf('made')).toEqual([
      ...[`UPDATE 1 ${why}`, `INSERT 10 ${why}`, `INSERT 1 ${why}`, `INSERT 10 ${why}`, `INSERT 11 ${why}`],
    ]);
  });

  it('repeats no row that was inserted twice, into two tables of one name', async () => {
    const why = 'conflict two tables of the old primary had this name, one after the other';
    expect(changesOf('fresh')).toEqual([`INSERT 1 ${why}`, `INSERT 1 ${why}`, 'INSERT 2 missing ']);
    const eu = setup.lab.region('eu');
    await eu.query(found.review.replace(/ROLLBACK;\s*$/, 'COMMIT;'));
    expect(await eu.query('SELECT * FROM fresh ORDER BY k')).toEqual([{ k: 2, v: 'second' }]);
    expect(await eu.query('SELECT k FROM made ORDER BY k')).toEqual([1, 2, 3, 4, 5].map((k) => ({ k })));
  });

  it('deletes no row of the first of two tables without a slot', async () => {
    const us = setup.lab.region('us');
    await us.query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_type = $$logical$$',
    );
    const { ran, lines, review } = await setup.salvage('--first-xid', firstXid);
    expect(ran.exit, ran.stdout).toBe(3);
    const made = lines.filter(({ table }) => table?.name === 'made');
    expect(made.map(({ key, class: rowClass }) => `${key?.['k']} ${rowClass}`)).toEqual([
      ...['1 conflict', '10 conflict', '11 conflict'],
    ]);
    expect(review).not.toMatch(/^(DELETE|UPDATE|INSERT)[^\n]*"made"/m);
  });
});

describe('salvage of a ledger with several names in the tail', () => {
  it('shows its answers by none of them', async () => {
    await using setup = await createSetup();
    const us = setup.lab.region('us');
    await us.query(`CREATE EXTENSION pg_walinspect; CREATE TABLE plain (k int PRIMARY KEY, v text); CREATE SCHEMA regionkit;
      CREATE TABLE regionkit.ledger (actor text, key text, answer text, PRIMARY KEY (actor, key))`);
    await setup.keepTail();
    await setup.fork(async () => {
      await us.query(`INSERT INTO regionkit.ledger VALUES ('me', 'a', 'first secret')`);
      await us.query('ALTER TABLE regionkit.ledger RENAME TO second');
      await us.query(`INSERT INTO regionkit.second VALUES ('me', 'b', 'second secret')`);
      await us.query('ALTER TABLE regionkit.second RENAME TO third');
      await us.query(`INSERT INTO regionkit.third VALUES ('me', 'c', 'third secret')`);
      await us.query(`INSERT INTO plain VALUES (1, 'shown')`);
    });
    const salvaged = await setup.salvage();
    expect(salvaged.ran.exit, salvaged.ran.stdout).toBe(10);
    const text = await textOf(salvaged);
    expect(text).not.toContain('secret');
    expect(text).toContain('shown');
  });
});
