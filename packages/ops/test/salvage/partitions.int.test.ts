import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSetup, type Line, type Salvaged, type Setup } from './lab-setup.ts';

let setup: Setup;
let found: Salvaged;
let firstXid: string;

/** An UPDATE that moves a row to another partition is in the WAL as a DELETE and an INSERT. */
beforeAll(async () => {
  setup = await createSetup();
  const [us, eu] = [setup.lab.region('us'), setup.lab.region('eu')];
  await us.query(`
    CREATE EXTENSION pg_walinspect;
    CREATE TABLE orders (id int, state text, v text, PRIMARY KEY (id, state)) PARTITION BY LIST (state);
    CREATE TABLE orders_open PARTITION OF orders FOR VALUES IN ('open');
    CREATE TABLE orders_paid PARTITION OF orders FOR VALUES IN ('paid');
    CREATE TABLE orders_late PARTITION OF orders FOR VALUES IN ('late');
    CREATE TABLE orders_mute PARTITION OF orders FOR VALUES IN ('mute');
    ALTER TABLE orders_mute REPLICA IDENTITY NOTHING;
    CREATE TABLE orders_rest PARTITION OF orders FOR VALUES IN ('sent', 'lost') PARTITION BY LIST (state);
    CREATE TABLE orders_sent PARTITION OF orders_rest FOR VALUES IN ('sent');
    CREATE TABLE audit (id int, said text);
    CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.audit VALUES (NEW.id, NEW.state); RETURN NEW; END $$;
    CREATE TRIGGER told BEFORE INSERT ON orders_sent FOR EACH ROW EXECUTE FUNCTION told();
    INSERT INTO orders VALUES (41, 'late', 'v41'), (51, 'mute', 'v51'), (52, 'open', 'v52');
    INSERT INTO orders SELECT g, 'open', 'v' || g FROM generate_series(1, 20) g;
    CREATE SCHEMA regionkit;
    CREATE TABLE regionkit.ledger (actor text, key text, request text, answer text, at timestamptz DEFAULT now(),
      PRIMARY KEY (actor, key)) PARTITION BY HASH (key);
    CREATE TABLE regionkit.ledger_0 PARTITION OF regionkit.ledger FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE regionkit.ledger_1 PARTITION OF regionkit.ledger FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE TABLE done (k text PRIMARY KEY);`);
  await setup.keepTail();
  await setup.fork(async () => {
    await us.query(`UPDATE orders SET state = 'paid' WHERE id IN (1, 2, 3)`);
    await us.query(`UPDATE orders SET state = 'paid', id = 104 WHERE id = 4`);
    await us.query(`UPDATE orders SET state = 'sent' WHERE id IN (5, 6)`);
    await us.query(`UPDATE orders SET state = 'paid' WHERE id = 7`);
    await us.query(`UPDATE orders SET state = 'sent', v = 'again' WHERE id = 7`);
    // As an app may do it by itself: nothing stands together.
    await us.query(`BEGIN; DELETE FROM orders WHERE id = 8; DELETE FROM orders WHERE id = 9;
      INSERT INTO orders VALUES (8, 'paid', 'v8'), (9, 'paid', 'v9'), (30, 'paid', 'new'); COMMIT`);
    await us.query(`INSERT INTO orders VALUES (31, 'paid', 'new'); DELETE FROM orders WHERE id = 10`);
    await us.query(`UPDATE orders SET state = 'paid' WHERE id = 41`);
    await us.query('TRUNCATE orders_late');
    await us.query(`UPDATE orders SET state = 'paid' WHERE id = 51`);
    await us.query(`UPDATE orders SET state = 'mute' WHERE id = 52`);
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f'])
      await us.query(`BEGIN; INSERT INTO done VALUES ('${key}');
        INSERT INTO regionkit.ledger (actor, key, answer) VALUES ('me', '${key}', 'secret'); COMMIT`);
  });
  const [row] = await eu.query<{ xid: string }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS xid');
  firstXid = row?.xid ?? '';
  // Both have changed 1, 4, 5, 7 and 8; of 3 the new primary has made the same move.
  await eu.query(`UPDATE orders SET v = 'theirs' WHERE id IN (1, 4, 5, 7, 8)`);
  await eu.query(`UPDATE orders SET state = 'paid' WHERE id = 3`);
  await eu.query(`BEGIN; INSERT INTO done VALUES ('a');
    INSERT INTO regionkit.ledger (actor, key, answer) VALUES ('me', 'a', 'their answer'); COMMIT`);
  found = await setup.salvage('--ledger', '--ledger-answers');
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

const changesOf = (...ids: readonly number[]): readonly string[] =>
  found.lines
    .filter(({ table, key }) => table?.name.startsWith('orders') && ids.includes(Number(key?.['id'])))
    .map((line: Line) => `${line.operation} ${line.key?.['state']} ${line.class}`);

describe('salvage of a table in partitions', () => {
  it('is complete', () => {
    expect(found.ran.exit, found.ran.stdout + found.ran.stderr).toBe(10);
  });

  it('offers both halves of a row that moved to another partition, or none', () => {
    expect(changesOf(2)).toEqual(['DELETE open would-delete', 'INSERT paid missing']);
    expect(changesOf(6)).toEqual(['DELETE open would-delete', 'INSERT sent missing']);
    expect(changesOf(3)).toEqual(['DELETE open already-absent', 'INSERT paid identical']);
    expect(changesOf(1)).toEqual(['DELETE open conflict', 'INSERT paid conflict']);
    expect(changesOf(4, 104)).toEqual(['DELETE open conflict', 'INSERT paid conflict']);
  });

  it('sees it through a trigger that writes in between, through several moves, and by hand', () => {
    expect(changesOf(5)).toEqual(['DELETE open conflict', 'INSERT sent conflict']);
    expect(changesOf(7)).toEqual([
      'DELETE open conflict',
      'INSERT paid conflict',
      'DELETE paid conflict',
      'INSERT sent conflict',
    ]);
    expect(changesOf(8)).toEqual(['DELETE open conflict', 'INSERT paid conflict']);
    expect(changesOf(9)).toEqual(['DELETE open would-delete', 'INSERT paid missing']);
  });

  it('offers no half of a row that left a partition before this was truncated', () => {
    expect(changesOf(41)).toEqual(['DELETE late truncate', 'INSERT paid conflict']);
  });

  it('offers no half of a row that nothing identifies in the other partition', () => {
    expect(changesOf(51)).toEqual(['INSERT paid conflict']);
    expect(changesOf(52)).toEqual(['DELETE open conflict']);
  });

  it('takes a new row for no other one', () => {
    expect(changesOf(30, 31)).toEqual(['INSERT paid missing', 'INSERT paid missing']);
    expect(changesOf(10)).toEqual(['DELETE open would-delete']);
  });

  it('lists the keys of a ledger in partitions', async () => {
    expect(found.summary.ledger).toEqual({ lost: 6, redone: 1, notDecided: 0, toTell: 5 });
    const keys = (await readFile(join(found.out, 'lost-keys.ndjson'), 'utf8')).trimEnd().split('\n');
    expect(keys.map((line) => JSON.parse(line).key)).toEqual(['b', 'c', 'd', 'e', 'f']);
  });

  it('repeats a key of a ledger in partitions together with its write, or neither', async () => {
    const { review } = await setup.salvage();
    expect(review).not.toMatch(/^INSERT INTO "public"."done"/m);
    expect(found.review).toContain('repeat no statement of this transaction');
    expect([...found.review.matchAll(/^INSERT INTO "public"."done" .*'(.)'/gm)].map(([, key]) => key)).toEqual([
      ...'bcdef',
    ]);
  });

  it('lists the keys of a ledger in partitions without a slot, too', async () => {
    await setup.lab
      .region('us')
      .query('SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_type = $$logical$$');
    const { ran, summary } = await setup.salvage('--ledger', '--first-xid', firstXid);
    expect(summary?.ledger, ran.stdout).toEqual({ lost: 6, redone: 1, notDecided: 0, toTell: 5 });
  });

  it('makes no row twice', async () => {
    const eu = setup.lab.region('eu');
    await eu.query(found.review.replace(/ROLLBACK;\s*$/, 'COMMIT;'));
    const rows = await eu.query('SELECT id, state, v FROM orders WHERE id <= 9 OR id > 20 ORDER BY id');
    expect(rows.map(({ id, state, v }) => `${id} ${state} ${v}`)).toEqual([
      ...['1 open theirs', '2 paid v2', '3 paid v3', '4 open theirs', '5 open theirs', '6 sent v6', '7 open theirs'],
      ...['8 open theirs', '9 paid v9', '30 paid new', '31 paid new', '41 late v41'],
      ...['51 mute v51', '52 open v52'],
    ]);
  });
});
