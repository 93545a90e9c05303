import type pg from 'pg';

/** Tables of every kind that a decoder and a comparison meet. */
export const SCHEMA = `
  CREATE EXTENSION IF NOT EXISTS pg_walinspect;
  CREATE TYPE mood AS ENUM ('ok', 'so so', 'it''s "bad"');
  CREATE DOMAIN short AS text CHECK (length(value) < 200);
  CREATE DOMAIN yes AS boolean;
  CREATE TYPE pair AS (a int, b text);
  CREATE TABLE plain (k int PRIMARY KEY, u text UNIQUE, v text);
  CREATE TABLE typed (k int PRIMARY KEY, n numeric, f float8, r real, ok boolean, dy yes, b bit(3), vb bit varying, c char(5), t text,
    s short, m mood, ms mood[], ts timestamptz, tn timestamp, d date, i interval, j jsonb, js json, bin bytea, ia int[], ta text[],
    p pair, ps pair[], rg tstzrange, net inet, o oid, ch "char", g text GENERATED ALWAYS AS (t || '!') STORED);
  CREATE TABLE pairs (a text, b int, v text, PRIMARY KEY (a, b));
  CREATE TABLE by_index (k int, code text NOT NULL UNIQUE, v text, PRIMARY KEY (k));
  ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code_key;
  CREATE TABLE whole (k int PRIMARY KEY, v text); ALTER TABLE whole REPLICA IDENTITY FULL;
  CREATE TABLE large (k int PRIMARY KEY, n int, body text); ALTER TABLE large ALTER body SET STORAGE EXTERNAL;
  CREATE TABLE parts (k int, day date, v text, PRIMARY KEY (k, day)) PARTITION BY RANGE (day);
  CREATE TABLE parts_a PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2026-07-01');
  CREATE TABLE parts_b PARTITION OF parts FOR VALUES FROM ('2026-07-01') TO ('2027-01-01');
  CREATE TABLE parts_log (n bigserial, tx text, op text, part text, k int, day date);
  CREATE FUNCTION parts_log() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE row record := coalesce(NEW, OLD); BEGIN
    INSERT INTO public.parts_log (tx, op, part, k, day) VALUES (pg_current_xact_id()::text, TG_OP, TG_TABLE_NAME, row.k, row.day);
    RETURN NULL; END $$;
  CREATE TRIGGER parts_log AFTER INSERT OR DELETE ON parts FOR EACH ROW EXECUTE FUNCTION parts_log();
  CREATE TABLE numbered (k int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, v text);
  CREATE TABLE parent (k int PRIMARY KEY, v text);
  CREATE TABLE "We ird.Na""me" ("Id; drop" text PRIMARY KEY, "col]:x" text, "select" text);
  CREATE TABLE no_key (a int, b text);
  CREATE TABLE unnamed (k int PRIMARY KEY, v text); ALTER TABLE unnamed REPLICA IDENTITY NOTHING;
  CREATE TABLE emptied (k int PRIMARY KEY, v text);
  CREATE TABLE drifted (k int PRIMARY KEY);
  CREATE UNLOGGED TABLE unlogged (a int);
  CREATE SEQUENCE counter;
  INSERT INTO plain SELECT g, 'u' || g, 'v' || g FROM generate_series(1, 30) g;
  INSERT INTO pairs SELECT 'a' || g % 3, g, 'v' || g FROM generate_series(1, 30) g;
  INSERT INTO by_index SELECT g, 'code' || g, 'v' || g FROM generate_series(1, 30) g;
  INSERT INTO whole SELECT g, 'v' || g FROM generate_series(1, 30) g;
  INSERT INTO large SELECT g, 0, repeat(md5(g::text), 300) FROM generate_series(1, 30) g;
  INSERT INTO parts SELECT g, date '2026-01-01' + g * 10, 'v' || g FROM generate_series(1, 30) g;
  INSERT INTO numbered (v) SELECT 'v' || g FROM generate_series(1, 30) g;
  INSERT INTO parent SELECT g, 'v' || g FROM generate_series(1, 30) g;
  INSERT INTO "We ird.Na""me" SELECT 'k''' || g, 'v' || g, 'w' FROM generate_series(1, 30) g;
  INSERT INTO typed (k, t, n) SELECT g, 't' || g, g FROM generate_series(1, 30) g;
  INSERT INTO no_key SELECT g, 'b' FROM generate_series(1, 10) g;
  INSERT INTO emptied SELECT g, 'v' || g FROM generate_series(1, 10) g;`;

/** By the table as it is decoded: its key, and a unique column. */
export const KEYS: Readonly<Record<string, { readonly key: readonly string[]; readonly unique?: string }>> = {
  plain: { key: ['k'], unique: 'u' },
  typed: { key: ['k'] },
  pairs: { key: ['a', 'b'] },
  by_index: { key: ['code'], unique: 'k' },
  whole: { key: ['k'] },
  large: { key: ['k'] },
  parts: { key: ['k', 'day'] },
  numbered: { key: ['k'] },
  parent: { key: ['k'] },
  'We ird.Na"me': { key: ['Id; drop'] },
  emptied: { key: ['k'] },
};

export type Random = () => number;

/** mulberry32: the same numbers for the same seed. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
const whole = (random: Random, below: number): number => Math.floor(random() * below);

const ODD_TEXTS = [
  "it''s",
  '"',
  '\\',
  "a\\''b",
  'new\nline',
  '--',
  "''; DROP TABLE plain; --",
  'tab\t',
  '$1',
  ' ',
  '',
  'null',
  'unchanged-toast-datum',
  "x'':y",
  '漢😀',
  '\u0001',
  ':var',
  '\\echo',
  '[integer]:1',
];
const literal = (random: Random): string => `'${pick(random, ODD_TEXTS)}${whole(random, 40)}'`;

/** A value for each column of `typed`. */
const TYPED: Readonly<Record<string, readonly string[]>> = {
  n: ["'NaN'", '1.50', '-0.000001', '1e30', 'NULL', "'Infinity'"],
  f: ["'NaN'", "'-Infinity'", '0.1', '1e-7', '-0.0', 'NULL'],
  r: ['0.1', "'Infinity'", '3.4e38'],
  ok: ['true', 'false', 'NULL'],
  dy: ['true', 'false'],
  b: ["B'101'", "B'000'"],
  vb: ["B''", "B'1'"],
  c: ["'ab'", "'  x'", "''"],
  s: ["'short'", "'it''s'"],
  m: ["'ok'", "'so so'", "'it''s \"bad\"'"],
  ms: ['\'{ok,"so so"}\'', "'{}'"],
  ts: [
    "'2026-03-29 01:30:00+02'",
    "'infinity'",
    "'-infinity'",
    "'0044-03-15 12:00:00+00 BC'",
    "'12026-01-01 00:00:00+00'",
  ],
  tn: ["'2026-03-29 02:30:00.123456'", "'infinity'"],
  d: ["'2026-02-28'", "'infinity'", "'0001-01-01 BC'"],
  i: ["'1 day 02:00'", "'-1 mon +3 days -04:05:06.789'", "'1 year -1 day'", "'0'"],
  j: [`'{"k": [1, null, "x''y", "\\\\u0027"]}'`, '\'"\\\\n"\'', "'null'", 'NULL'],
  js: [`'{"a":  1, "a": 2}'`],
  bin: ["'\\xdeadbeef'", "'\\x'", "'\\x00275c'"],
  ia: ["'{1,NULL,3}'", "'[2:3]={1,2}'", "'{{1,2},{3,4}}'"],
  ta: [`'{a,"b c",NULL,"NULL","","it''s","q\\\\"uote","back\\\\\\\\slash"}'`],
  p: ["ROW(1, 'a b')", 'ROW(NULL, NULL)', "ROW(2, 'x''\"y,()')", 'NULL'],
  ps: ["ARRAY[ROW(1, 'a')::pair, NULL]"],
  rg: ["'[2026-01-01 00:00+00,)'", "'empty'"],
  net: ["'10.0.0.1'", "'10.0.0.0/8'", "'::1'"],
  o: ['4294967295'],
  ch: ["'x'", "''''"],
};

function typedAssignments(random: Random): readonly (readonly [string, string])[] {
  return Object.entries(TYPED)
    .filter(() => random() < 0.4)
    .map(([column, values]) => [column, pick(random, values)] as const);
}

/** One statement on one row. Some change nothing, or are refused by a constraint. `moved`: a key that it may change. */
function statement(random: Random): string {
  const k = 1 + whole(random, 40);
  const to = 1 + whole(random, 60);
  const v = literal(random);
  const day = `date '2026-01-01' + ${whole(random, 36) * 10}`;
  const fresh = `'u-${whole(random, 1_000_000)}'`;
  const u = random() < 0.3 ? `'u${1 + whole(random, 40)}'` : fresh;
  const typed = typedAssignments(random);
  const sets = ['t', ...typed.map(([column]) => column)];
  const values = [v, ...typed.map(([, value]) => value)];
  return pick(random, [
    `INSERT INTO plain VALUES (${k}, ${u}, ${v})`,
    `UPDATE plain SET v = ${v} WHERE k = ${k}`,
    `UPDATE plain SET u = ${u} WHERE k = ${k}`,
    `UPDATE plain SET u = NULL WHERE k = ${k}`,
    `UPDATE plain SET k = ${to} WHERE k = ${k}`,
    `DELETE FROM plain WHERE k = ${k}`,
    `INSERT INTO typed (k, ${sets.join(', ')}) VALUES (${k}, ${values.join(', ')})`,
    `UPDATE typed SET ${sets.map((column, at) => `${column} = ${values[at]}`).join(', ')} WHERE k = ${k}`,
    `UPDATE typed SET ${sets.map((column, at) => `${column} = ${values[at]}`).join(', ')} WHERE k = ${k}`,
    `DELETE FROM typed WHERE k = ${k}`,
    `INSERT INTO pairs VALUES ('a' || ${k % 3}, ${k}, ${v})`,
    `UPDATE pairs SET v = ${v} WHERE b = ${k}`,
    `UPDATE pairs SET a = 'a' || ${to % 5} WHERE b = ${k}`,
    `DELETE FROM pairs WHERE b = ${k}`,
    `INSERT INTO by_index VALUES (${k}, 'code${to}', ${v})`,
    `UPDATE by_index SET v = ${v} WHERE k = ${k}`,
    `UPDATE by_index SET code = 'code${to}' WHERE k = ${k}`,
    `DELETE FROM by_index WHERE k = ${k}`,
    `INSERT INTO whole VALUES (${k}, ${v})`,
    `UPDATE whole SET v = ${random() < 0.2 ? 'NULL' : v} WHERE k = ${k}`,
    `UPDATE whole SET k = ${to} WHERE k = ${k}`,
    `DELETE FROM whole WHERE k = ${k}`,
    `INSERT INTO large VALUES (${k}, 1, repeat(${v}, 500))`,
    `UPDATE large SET n = n + 1 WHERE k = ${k}`,
    `UPDATE large SET body = repeat(${v}, 500) WHERE k = ${k}`,
    `UPDATE large SET k = ${to} WHERE k = ${k}`,
    `DELETE FROM large WHERE k = ${k}`,
    `INSERT INTO parts VALUES (${k}, ${day}, ${v})`,
    `UPDATE parts SET v = ${v} WHERE k = ${k}`,
    `UPDATE parts SET day = ${day} WHERE k = ${k}`,
    `UPDATE parts SET day = ${day}, k = ${to} WHERE k = ${k}`,
    `DELETE FROM parts WHERE k = ${k}`,
    `INSERT INTO numbered (v) VALUES (${v})`,
    `UPDATE numbered SET v = ${v} WHERE k = ${k}`,
    `DELETE FROM numbered WHERE k = ${k}`,
    `INSERT INTO "We ird.Na""me" VALUES (${v}, ${v}, 'x')`,
    `UPDATE "We ird.Na""me" SET "col]:x" = ${v} WHERE "Id; drop" = 'k''${k}'`,
    `UPDATE "We ird.Na""me" SET "Id; drop" = ${v} WHERE "Id; drop" = 'k''${k}'`,
    `DELETE FROM "We ird.Na""me" WHERE "Id; drop" = 'k''${k}'`,
    `INSERT INTO no_key VALUES (${k}, ${v})`,
    `UPDATE no_key SET b = ${v} WHERE a = ${k}`,
    `INSERT INTO unnamed VALUES (${k}, ${v})`,
    `UPDATE unnamed SET v = ${v} WHERE k = ${k}`,
    `DELETE FROM unnamed WHERE k = ${k}`,
    `INSERT INTO unlogged VALUES (${k})`,
    `INSERT INTO emptied VALUES (${k}, ${v})`,
    `UPDATE emptied SET v = ${v} WHERE k = ${k}`,
    `SELECT pg_logical_emit_message(${random() < 0.5}, 'a prefix', 'COMMIT 1')`,
    `SELECT pg_current_xact_id()`,
    `SELECT count(nextval('counter')) FROM generate_series(1, ${k})`,
    `SELECT * FROM plain WHERE k = ${k} FOR UPDATE`,
  ]);
}

/** More than the server keeps in memory while it decodes (`logical_decoding_work_mem`), and partly taken back. */
export const LARGE = `BEGIN;
  INSERT INTO pairs SELECT 'large', g, repeat('x', 200) FROM generate_series(1, 2000) g;
  SAVEPOINT one; DELETE FROM pairs WHERE a = 'large' AND b % 7 = 0; ROLLBACK TO SAVEPOINT one;
  SAVEPOINT two; UPDATE pairs SET v = 'changed' WHERE a = 'large' AND b % 5 = 0; RELEASE SAVEPOINT two;
  DELETE FROM pairs WHERE a = 'large' AND b % 11 = 0; COMMIT`;

/** Rows that the old primary moves to another partition, and the new one changes a part of them. To days that no other statement has. */
export const MOVE = `UPDATE parts SET day = day + 185 WHERE k % 3 = 0 AND day < '2026-06-01'`;
export const TOUCH = `UPDATE parts SET v = 'theirs' WHERE k % 2 = 0`;

/** A migration that the old primary has made between its lost writes, and the new one after its promotion. */
export const MIGRATION = `ALTER TABLE pairs ADD COLUMN extra text DEFAULT 'by default'; ALTER TABLE large ADD COLUMN extra int`;

const RARE = [
  "SELECT lo_from_bytea(0, 'large')",
  'ALTER TABLE drifted ADD COLUMN IF NOT EXISTS extra text',
  'CREATE TEMP TABLE IF NOT EXISTS t (a int)',
];

/**
 * Commits a number of transactions: some with savepoints, some of several statements, some prepared first, and some that
 * are rolled back. What a constraint refuses is left out.
 */
export async function commitSome(client: pg.Client, random: Random, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const kind = random();
    if (kind < 0.03) {
      await client.query(pick(random, RARE));
      continue;
    }
    await client.query('BEGIN');
    for (let left = 1 + whole(random, kind < 0.5 ? 1 : 4); left > 0; left -= 1) {
      await client.query('SAVEPOINT one');
      const isKept = await client.query(statement(random)).then(
        () => random() < 0.9,
        () => false,
      );
      await client.query(isKept ? 'RELEASE SAVEPOINT one' : 'ROLLBACK TO SAVEPOINT one');
    }
    if (kind > 0.95) await client.query('ROLLBACK');
    else if (kind > 0.9) {
      await client.query(`PREPARE TRANSACTION 'p${at}'`);
      await client.query(`COMMIT PREPARED 'p${at}'`);
    } else await client.query('COMMIT');
  }
}
