import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSession } from '../../src/salvage/servers/session.ts';
import { createSetup, type Line, type Salvaged, type Setup } from './lab-setup.ts';

/** What roles and databases of an app may have: none of it may change a value on its way. */
const ROLE_SETTINGS: Readonly<Record<string, string>> = {
  DateStyle: 'SQL, DMY',
  IntervalStyle: 'sql_standard',
  TimeZone: 'Asia/Kathmandu',
  bytea_output: 'escape',
  extra_float_digits: '-3',
  lc_monetary: 'C',
  array_nulls: 'off',
  quote_all_identifiers: 'on',
  standard_conforming_strings: 'off',
  transform_null_equals: 'on',
  search_path: 'decoy, public',
  lock_timeout: '1min',
  statement_timeout: '1min',
  idle_session_timeout: '1min',
  idle_in_transaction_session_timeout: '1min',
};

let setup: Setup;
let found: Salvaged;

beforeAll(async () => {
  setup = await createSetup();
  const [us, eu] = [setup.lab.region('us'), setup.lab.region('eu')];
  await us.query(`
    CREATE EXTENSION pg_walinspect;
    CREATE TABLE shifted (k int PRIMARY KEY DEFERRABLE, v text);
    CREATE TABLE source (k int PRIMARY KEY, v text);
    CREATE FUNCTION letters(value text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$ SELECT value ~ '^[a-z]+$' $$;
    CREATE FUNCTION is_code(value text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN letters(value); END $$;
    CREATE DOMAIN code AS text CHECK (public.is_code(value));
    CREATE DOMAIN long_code AS code CHECK (length(value) > 1);
    CREATE TABLE coded (k long_code PRIMARY KEY, u code UNIQUE, v text);
    CREATE TABLE renamed (k int PRIMARY KEY, v text);
    CREATE TABLE people (k int PRIMARY KEY, mail text);
    CREATE TABLE dropped (k int PRIMARY KEY, v text);
    CREATE TABLE rekeyed (id int PRIMARY KEY, v text);
    CREATE TABLE valued (k int PRIMARY KEY, d date, i interval, ts timestamptz, b bytea, f float8, m money, a text[], t text);
    CREATE TABLE named (k varchar(20) PRIMARY KEY, v text);
    CREATE TYPE mood AS ENUM ('ok');
    CREATE TABLE moods (k int PRIMARY KEY, m mood);
    INSERT INTO shifted SELECT g, 'v' || g FROM generate_series(1, 3) g;
    INSERT INTO source SELECT g, 'v' || g FROM generate_series(1, 3) g;
    INSERT INTO coded VALUES ('aa', 'a', 'v'), ('bb', 'b', 'v');
    INSERT INTO renamed VALUES (1, 'v'); INSERT INTO dropped VALUES (1, 'v'); INSERT INTO rekeyed VALUES (1, 'v');
    INSERT INTO moods VALUES (1, 'ok'); INSERT INTO named VALUES ('a', 'v'), ('b', 'v');
    CREATE MATERIALIZED VIEW copied AS SELECT k, v FROM source;
    CREATE UNIQUE INDEX ON copied (k);
    CREATE SEQUENCE counted;
    CREATE ROLE reader LOGIN REPLICATION PASSWORD 'reader';
    GRANT USAGE ON SCHEMA public TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader;
    CREATE SCHEMA decoy;
    CREATE FUNCTION decoy.always(varchar, varchar) RETURNS boolean LANGUAGE sql AS 'SELECT true';
    CREATE OPERATOR decoy.= (LEFTARG = varchar, RIGHTARG = varchar, FUNCTION = decoy.always);`);
  for (const [name, value] of Object.entries(ROLE_SETTINGS)) {
    await us.query(`ALTER DATABASE app SET ${name} = ${value.includes(',') ? value : `'${value}'`}`);
  }
  await setup.keepTail();
  await setup.fork(async () => {
    await us.query('UPDATE shifted SET k = k + 1');
    await us.query(`UPDATE source SET v = 'lost' WHERE k = 1`);
    await us.query('REFRESH MATERIALIZED VIEW CONCURRENTLY copied');
    await us.query(`UPDATE coded SET v = 'lost' WHERE k = 'aa'; INSERT INTO coded VALUES ('cc', 'c', 'lost')`);
    await us.query(`INSERT INTO renamed VALUES (2, 'lost'); ALTER TABLE renamed RENAME TO later`);
    await us.query(`INSERT INTO later VALUES (3, 'lost')`);
    await us.query(`INSERT INTO people VALUES (1, 'first@secret'); ALTER TABLE people RENAME mail TO address`);
    await us.query(`INSERT INTO people VALUES (2, 'second@secret'); ALTER TABLE people RENAME TO persons`);
    await us.query(`INSERT INTO persons VALUES (3, 'third@secret')`);
    await us.query(`UPDATE dropped SET v = 'lost' WHERE k = 1; DROP TABLE dropped`);
    await us.query(`UPDATE rekeyed SET v = 'lost' WHERE id = 1; ALTER TABLE rekeyed RENAME id TO number`);
    await us.query(`INSERT INTO valued VALUES (1, date '2026-02-03', interval '-1 mon 2 days -03:04:05', timestamptz '2026-02-03 04:05:06.789+00',
      decode('275c00ff', 'hex'), 0.1::float8 + 0.2::float8, 1234.5::numeric::money, ARRAY['a', NULL, 'NULL'], 'back' || chr(92) || 'slash''')`);
    await us.query(`SELECT count(nextval('counted')) FROM generate_series(1, 100)`);
    await us.query(`UPDATE named SET v = 'lost' WHERE k::text = 'a'`);
    await us.query(`ALTER TYPE mood ADD VALUE 'new'`);
    await us.query(`INSERT INTO moods VALUES (2, 'new'); UPDATE moods SET m = 'new' WHERE k = 1`);
  });
  await eu.query(`UPDATE source SET v = 'theirs' WHERE k = 3`);
  await eu.query(`SELECT count(nextval('counted')) FROM generate_series(1, 200)`);
  found = await setup.salvage();
});
afterAll(async () => {
  await setup?.[Symbol.asyncDispose]();
});

const of = (name: string): readonly Line[] => found.lines.filter(({ table }) => table?.name === name);
const classes = (name: string): readonly string[] =>
  of(name).map(({ operation, class: rowClass, key }) => `${operation} ${Object.values(key ?? {})} ${rowClass}`);

describe('salvage of what other readers of the WAL have stumbled over', () => {
  it('is complete, and reads it all', () => {
    expect(found.ran.exit, found.ran.stdout + found.ran.stderr).toBe(10);
    expect(found.summary.completeness).toMatchObject({ isComplete: true, reasons: [] });
  });

  it('takes no row for another where the primary key is DEFERRABLE: the WAL has only the new key', () => {
    expect(classes('shifted')).toEqual(['UPDATE  no-key', 'UPDATE  no-key', 'UPDATE  no-key']);
  });

  it('lists no rows of a materialized view, and says that it is to be refreshed', () => {
    expect(of('copied')).toEqual([]);
    expect(found.summary.neverDecoded.materializedViews).toEqual(['public.copied']);
    expect(found.report).toContain('- Materialized views that were refreshed: public.copied.');
    expect(found.lines.filter(({ type }) => type === 'change')).toHaveLength(found.summary.lost.changes);
  });

  it('finds rows by a key of a domain without running its CHECK, which sees no other function on this search path', () => {
    expect(classes('coded')).toEqual(['UPDATE aa stale', 'INSERT cc missing']);
  });

  it('finds rows of a table that the old primary has renamed or dropped since, or whose key it has renamed', () => {
    expect(classes('renamed')).toEqual(['INSERT 2 missing']);
    expect(classes('later')).toEqual(['INSERT 3 conflict']);
    expect(classes('dropped')).toEqual(['UPDATE 1 stale']);
    expect(classes('rekeyed')).toEqual(['UPDATE 1 stale']);
  });

  it.each(['people.mail', 'persons.address'])('hides %s by each name that the column has had', async (column) => {
    const { ran, out } = await setup.salvage('--redact', column);
    expect(ran.exit, ran.stdout + ran.stderr).toBe(10);
    for (const name of await readdir(out))
      expect(await readFile(join(out, name), 'utf8'), name).not.toContain('@secret');
  });

  it('repeats no value that the new primary has no name for', () => {
    expect(of('moods').map(({ class: rowClass, why }) => [rowClass, why])).toEqual([
      ['conflict', 'the new primary cannot read the value of "m"'],
      ['conflict', 'the new primary cannot read the value of "m"'],
    ]);
  });

  it('says which sequences the role may not read, and compares none of them with nothing', async () => {
    expect(found.summary.neverDecoded).toMatchObject({ sequences: [], unreadableSequences: [] });
    const regions = Object.fromEntries(
      setup.lab.regions.map(({ name, adminConnectionString }) => {
        const url = new URL(adminConnectionString);
        url.username = url.password = 'reader';
        return [name, { databases: [url.href] }];
      }),
    );
    await writeFile(join(setup.directory, 'reader.json'), JSON.stringify({ regions }));
    // Of the new primary alone.
    await setup.lab.region('eu').query('GRANT SELECT ON SEQUENCE counted TO reader');
    const { ran, summary, report } = await setup.salvage('--config', 'reader.json', '--fork', found.summary.fork);
    expect(summary?.neverDecoded, ran.stdout).toMatchObject({ sequences: [], unreadableSequences: ['public.counted'] });
    expect(report).toContain('may not read, so they were not compared: public.counted.');
  });

  it('is not ended by a time limit of the database', async () => {
    const opened = await openSession({
      url: setup.lab.region('eu').adminConnectionString,
      timeoutMs: 10_000,
      signal: new AbortController().signal,
    });
    if (!opened.ok) throw new Error(opened.why);
    await using session = opened.value;
    const limits = await session.query<{ name: string; setting: string }>(
      `SELECT name, setting FROM pg_settings WHERE name IN ('statement_timeout', 'lock_timeout', 'idle_session_timeout',
        'idle_in_transaction_session_timeout', 'transaction_timeout') AND setting <> '0'`,
    );
    expect(limits).toEqual([]);
  });

  it('brings back each value as it was, whatever the settings of the database are', async () => {
    const [us, eu] = [setup.lab.region('us'), setup.lab.region('eu')];
    const state = (region: typeof us) =>
      // In a form that no setting changes: a connection from before the settings does not have them.
      region.query(`SELECT concat_ws('/', to_char(t.d, 'YYYY-MM-DD'), extract(month FROM t.i), extract(day FROM t.i),
        extract(hour FROM t.i), extract(minute FROM t.i), extract(second FROM t.i), extract(epoch FROM t.ts), encode(t.b, 'hex'),
        t.m::numeric, t.t) AS text,
        f::numeric = (0.1::float8 + 0.2::float8)::numeric AS f, a[2] IS NULL AND a[3] IS NOT NULL AS a, count(*) OVER () FROM valued t`);
    const before = await eu.query('SELECT k, v FROM source ORDER BY k');
    await eu.query(found.review);
    expect(await eu.query('SELECT k, v FROM source ORDER BY k')).toEqual(before);
    await eu.query(found.review.replace(/ROLLBACK;\s*$/, 'COMMIT;'));
    expect(await state(eu)).toEqual(await state(us));
    expect(await state(eu)).toMatchObject([{ a: true, f: true }]);
    const rows = (table: string) => eu.query(`SELECT * FROM ${table} ORDER BY 1`);
    expect(await rows('shifted')).toEqual([1, 2, 3].map((k) => ({ k, v: `v${k}` })));
    expect((await rows('source')).map(({ v }) => v)).toEqual(['lost', 'v2', 'theirs']);
    expect((await rows('coded')).map(({ k, v }) => `${k} ${v}`)).toEqual(['aa lost', 'bb v', 'cc lost']);
    // An operator of the app, first in the search path of its database, compares any two names as equal.
    expect((await rows('named')).map(({ k, v }) => `${k} ${v}`)).toEqual(['a lost', 'b v']);
    expect((await rows('dropped')).map(({ v }) => v)).toEqual(['lost']);
    expect((await rows('renamed')).map(({ v }) => v)).toEqual(['v', 'lost']);
    expect((await rows('rekeyed')).map(({ v }) => v)).toEqual(['lost']);
    expect(await readFile(join(found.out, 'review.sql'), 'utf8')).not.toContain('REFRESH');
  });
});
