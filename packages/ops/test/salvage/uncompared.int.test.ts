import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSetup, type Salvaged, type Setup } from './lab-setup.ts';

let setup: Setup;
let found: Salvaged;

beforeAll(async () => {
  setup = await createSetup();
  const [us, eu] = [setup.lab.region('us'), setup.lab.region('eu')];
  await us.query(`
    CREATE EXTENSION pg_walinspect;
    CREATE TABLE users (k int PRIMARY KEY, mail text, login text, is_gone boolean DEFAULT false, v text);
    CREATE UNIQUE INDEX users_lower ON users (lower(mail));
    CREATE UNIQUE INDEX users_live ON users (login) WHERE NOT is_gone;
    CREATE TABLE booked (k int PRIMARY KEY, during int4range, EXCLUDE USING gist (during WITH &&));
    CREATE TABLE seats (k int PRIMARY KEY, a int, b int, UNIQUE NULLS NOT DISTINCT (a, b));
    INSERT INTO users VALUES (10, 'ten', 'ten', false, 'v'), (11, 'eleven', 'eleven', true, 'v');`);
  await setup.keepTail();
  await setup.fork(async () => {
    await us.query(`INSERT INTO users VALUES (1, 'Ann', 'ann', false, 'lost')`);
    await us.query(`UPDATE users SET v = 'lost' WHERE k = 10; UPDATE users SET is_gone = false WHERE k = 11`);
    await us.query(`INSERT INTO booked VALUES (1, '[1,5)'); INSERT INTO seats VALUES (1, NULL, 1), (2, 3, 4)`);
  });
  await eu.query(`INSERT INTO users VALUES (101, 'ANN', 'other', false, 'v'), (102, 'other', 'eleven', false, 'v')`);
  await eu.query(`INSERT INTO booked VALUES (101, '[4,6)'); INSERT INTO seats VALUES (101, NULL, 1)`);
  found = await setup.salvage();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

describe('review.sql under indexes that are not compared', () => {
  it('names each statement that they can refuse, and no other', () => {
    expect(found.ran.exit, found.ran.stdout + found.ran.stderr).toBe(10);
    const statements = [...found.review.matchAll(/^(INSERT INTO|UPDATE ONLY) "public"\.("\w+").*?;(?: -- (.*))?$/gm)];
    expect(statements.map(([, verb, table, note]) => [verb, table, note])).toEqual([
      ['INSERT INTO', '"users"', 'can fail: not compared with "users_live", "users_lower"'],
      ['UPDATE ONLY', '"users"', undefined],
      ['UPDATE ONLY', '"users"', 'can fail: not compared with "users_live"'],
      ['INSERT INTO', '"booked"', 'can fail: not compared with "booked_during_excl"'],
      ['INSERT INTO', '"seats"', 'can fail: not compared with "seats_a_b_key"'],
      ['INSERT INTO', '"seats"', undefined],
    ]);
    expect(found.review).toContain('note "can fail"');
  });

  it('goes on without those that fail', async () => {
    const eu = setup.lab.region('eu');
    const withoutNoted = (review: string): string => review.replace(/^[^-].* -- can fail/gm, '-- $&');
    await eu.query(withoutNoted(found.review).replace(/ROLLBACK;\s*$/, 'COMMIT;'));
    expect(await eu.query('SELECT k, v FROM users WHERE k < 100 ORDER BY k')).toEqual([
      { k: 10, v: 'lost' },
      { k: 11, v: 'v' },
    ]);
    expect(await eu.query('SELECT k FROM seats ORDER BY k')).toEqual([{ k: 2 }, { k: 101 }]);
    for (const [line] of found.review.matchAll(/^[^-].* -- can fail.*$/gm)) {
      await expect(eu.query(line), line).rejects.toMatchObject({ code: expect.stringMatching(/^23(505|P01)$/) });
    }
  });
});
